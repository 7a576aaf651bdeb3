import { expect, test } from "bun:test";
import { filter } from "../../../src/nodes/flow/filter.ts";
import { packet, startNode } from "../../support/node.ts";

test("filter passes the same packet object on", async () => {
  const { process, on } = startNode(filter, { when: "payload.n == 3" });
  const fitting = packet({ payload: { n: 3 } });
  await process(fitting);
  expect(on("out")[0]).toBe(fitting);
});

test("filter fails on a packet that lacks the field, and emits nothing", async () => {
  const { process, emitted } = startNode(filter, { when: "payload.celsius > 20" });
  await expect(process(packet({ payload: {} }))).rejects.toThrow("no such key: celsius");
  expect(emitted).toEqual([]);
});

test("filter finds a fault in the expression before the run", () => {
  expect(filter.check({ when: "payload.celsius >" })).toMatchObject([{ path: ["when"], offset: 17 }]);
});
