import { expect, test } from "bun:test";
import fc from "fast-check";
import { jsonBytes } from "../../../src/nodes/flow/json_bytes.ts";
import { sizeLimit } from "../../../src/nodes/flow/size_limit.ts";
import { packet, startNode } from "../../support/node.ts";

test("the bytes of a value are those of its JSON, and beyond the limit more than that", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(60), (value, limit) => {
      const exact = Buffer.byteLength(JSON.stringify(value));
      const counted = jsonBytes(value, limit);
      expect(counted > limit).toBe(exact > limit);
      if (counted <= limit) expect(counted).toBe(exact);
    }),
  );
});

test("size_limit looks at no more of a packet than fits", async () => {
  const { process, emitted, node } = startNode(sizeLimit, { max_bytes: "1KiB" });
  const list = new Proxy(new Array(1_000_000).fill(1), {
    get: (target, key) => (Number(key) > 1_000 ? expect.unreachable() : Reflect.get(target, key)),
  });
  await process(packet({ payload: list }));
  expect([emitted.map(({ port }) => port), node.metrics!()]).toEqual([["oversize"], { oversize_total: 1 }]);
});

test("size_limit counts binary data as it is, a cycle as too large, and meta apart", async () => {
  const { process, emitted } = startNode(sizeLimit, { max_bytes: 1_000, max_meta_bytes: 100 });
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  for (const payload of [new Uint8Array(1_000), new Uint8Array(1_001)]) await process(packet({ payload }));
  await process(Object.freeze({ ...packet(), payload: circle }));
  await process(packet({ meta: { note: "x".repeat(100) } }));
  expect(emitted.map(({ port }) => port)).toEqual(["out", "oversize", "oversize", "oversize"]);
});
