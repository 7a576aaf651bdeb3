import { expect, test } from "bun:test";
import { duplicate } from "../../../src/nodes/flow/duplicate.ts";
import { packet, startNode } from "../../support/node.ts";

test("duplicate makes keys of the packet's id when it has no key, and new packet ids", async () => {
  const { process, emitted } = startNode(duplicate, { copies: 2 });
  await process(packet({ packet_id: "p-1" }));
  expect(emitted.map(({ packet: { meta } }) => meta.idempotency_key)).toEqual(["p-1/node/0", "p-1/node/1"]);
  expect(new Set(emitted.map(({ packet: { packet_id } }) => packet_id)).size).toBe(2);
});

test.each([
  [{}, "exactly one of copies and ports"],
  [{ copies: 2, ports: ["a"] }, "exactly one of copies and ports"],
  [{ ports: ["a", "b", "a"] }, 'names the port "a" twice'],
])("duplicate refuses %j", (config, why) => {
  expect(duplicate.check(config).map(({ message }) => message)).toEqual([expect.stringContaining(why)]);
});
