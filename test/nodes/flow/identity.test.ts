import { expect, test } from "bun:test";
import { identity } from "../../../src/nodes/flow/identity.ts";
import { packet, startNode } from "../../support/node.ts";

test("identity passes the same packet object on", async () => {
  const { process, on } = startNode(identity);
  const original = packet();
  await process(original);
  expect(on("out")).toEqual([original]);
  expect(on("out")[0]).toBe(original);
});
