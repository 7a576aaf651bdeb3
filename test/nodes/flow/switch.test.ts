import { expect, test } from "bun:test";
import { switch as switchNode } from "../../../src/nodes/flow/switch.ts";
import { packet, startNode } from "../../support/node.ts";

const ways = async (config: Record<string, unknown>, payloads: readonly unknown[]) => {
  const { process, emitted } = startNode(switchNode, config);
  for (const payload of payloads) await process(packet({ payload }));
  return emitted.map(({ port }) => port);
};

test("switch sends by the first case that fits, and by one only", async () => {
  const cases = [
    { port: "a", when: "payload.x > 1" },
    { port: "b", is: [2, 3] },
    { port: "a", has: "payload.y" },
  ];
  expect(await ways({ on: "payload.x", cases }, [{ x: 2 }, { x: 0, y: 1 }, { x: 0 }])).toEqual(["a", "a", "else"]);
});

test("switch tells a number from a text, and knows null, true and lists of values", async () => {
  const cases = [
    { port: "number", is: 7 },
    { port: "text", is: "7" },
    { port: "nothing", is: [null, true] },
  ];
  expect(await ways({ on: "payload.x", cases }, [{ x: 7 }, { x: "7" }, { x: null }, { x: true }, { x: [7] }])).toEqual([
    ...["number", "text", "nothing", "nothing", "else"],
  ]);
});

test("switch evaluates `on` only when a case with `is` is reached", async () => {
  const cases = [
    { port: "bare", when: "!has(payload.x)" },
    { port: "one", is: 1 },
  ];
  expect(await ways({ on: "payload.x", cases }, [{}, { x: 1 }])).toEqual(["bare", "one"]);
});

test.each([
  ["a case of nothing", { cases: [{ port: "a" }] }, "exactly one of is, when and has"],
  ["a case of two", { on: "kind", cases: [{ port: "a", is: 1, has: "payload.x" }] }, "exactly one of is, when and has"],
  ["`is` without `on`", { cases: [{ port: "a", is: 1 }] }, "needs `on`"],
  ["`on` without `is`", { on: "kind", cases: [{ port: "a", when: "true" }] }, "has no case with `is`"],
  ["the port else", { cases: [{ port: "else", when: "true" }] }, "no case fits"],
  ["a condition that gives no bool", { cases: [{ port: "a", when: "kind" }] }, "must give a bool"],
])("switch refuses %s", (_name, config, why) => {
  expect(switchNode.check(config).map(({ message }) => message)).toEqual([expect.stringContaining(why)]);
});
