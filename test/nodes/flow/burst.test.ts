import { expect, test } from "bun:test";
import type { NodeInstance } from "../../../src/node/index.ts";
import { burst } from "../../../src/nodes/flow/burst.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

test("burst gives every copy a new packet id and keeps the rest", async () => {
  const { process, on } = startNode(burst, { count: 3 });
  const original = packet({ payload: { a: 1 }, meta: { camera: 2 } });
  await process(original);
  expect(
    new Set(
      on("out")
        .map((copy) => copy.packet_id)
        .concat(original.packet_id),
    ).size,
  ).toBe(4);
  expect(on("out").map(({ meta }) => meta)).toEqual([0, 1, 2].map((burst_seq) => ({ camera: 2, burst_seq })));
  expect(on("out").every((copy) => copy.payload === original.payload && copy.ts === original.ts)).toBe(true);
});

test("burst with count 0 sends nothing", async () => {
  const { process, emitted } = startNode(burst, { count: 0 });
  await process(packet());
  expect(emitted).toEqual([]);
});

test("burst gives no key to copies of a packet that has none", async () => {
  const { process, on } = startNode(burst, { count: 1 });
  await process(packet());
  expect(on("out")[0]!.meta).toEqual({ burst_seq: 0 });
});

test("burst with derive_keys false leaves the inherited key alone, as the predecessor", async () => {
  const { process, on } = startNode(burst, { count: 2, derive_keys: false, meta_key: "copy" });
  await process(packet({ meta: { idempotency_key: "door-7" } }));
  expect(on("out").map(({ meta }) => meta)).toEqual([0, 1].map((copy) => ({ idempotency_key: "door-7", copy })));
});

test("burst makes copies only as they are pulled", () => {
  const node = burst.create(
    { count: 1_000_000_000, meta_key: "n", derive_keys: true, at_once: false },
    testContext(),
  ) as NodeInstance;
  const copies = node.process(packet(), {}, "in") as Iterator<StreamPacket>;
  expect(copies.next().value.meta).toEqual({ n: 0 });
  expect(copies.next().value.meta).toEqual({ n: 1 });
});

test("burst with at_once hands all copies over in one call, as the predecessor", () => {
  const { node } = startNode(burst, { count: 3, at_once: true });
  const copies: unknown[] = [];
  expect(node.process(packet(), { out: (copy) => void copies.push(copy.meta.burst_seq) }, "in")).toBeUndefined();
  expect(copies).toEqual([0, 1, 2]);
});
