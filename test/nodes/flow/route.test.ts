import { expect, test } from "bun:test";
import * as v from "valibot";
import { route } from "../../../src/nodes/flow/route.ts";
import { packet, startNode } from "../../support/node.ts";

const portsOf = (config: Record<string, unknown>) => Object.keys(route.outputs(v.parse(route.config, config)));
const issuesOf = (config: Record<string, unknown>) => route.check(v.parse(route.config, config));

test("route has one output per rule in their order, and else at the end", () => {
  expect(portsOf({ rules: { hot: "true", cold: "false" } })).toEqual(["hot", "cold", "else"]);
  expect(portsOf({ rules: [{ when: "true" }, { port: "b", when: "true" }] })).toEqual(["rule_1", "b", "else"]);
});

test("route takes the first rule that is true and does not evaluate the rest", async () => {
  const { process, emitted } = startNode(route, { rules: { a: "payload.n > 1", b: "payload.missing" } });
  await process(packet({ payload: { n: 2 } }));
  expect(emitted.map(({ port }) => port)).toEqual(["a"]);
});

test("route in mode all sends by every rule that is true", async () => {
  const { process, emitted } = startNode(route, { mode: "all", rules: { a: "true", b: "false", c: "true" } });
  await process(packet());
  expect(emitted.map(({ port }) => port)).toEqual(["a", "c"]);
});

test("route sends by else when no rule is true", async () => {
  const { process, emitted } = startNode(route, { mode: "all", rules: { a: "false" } });
  await process(packet());
  expect(emitted.map(({ port }) => port)).toEqual(["else"]);
});

test("route points at the condition that is wrong", () => {
  expect(issuesOf({ rules: [{ when: "true" }, { when: "kind" }] })).toMatchObject([{ path: ["rules", 1, "when"] }]);
  expect(issuesOf({ rules: { a: "true", b: "kind" } })).toMatchObject([{ path: ["rules", "b"] }]);
});

test("route refuses two rules with one port", () => {
  const rules = [
    { port: "a", when: "true" },
    { port: "a", when: "false" },
  ];
  expect(issuesOf({ rules })).toMatchObject([{ path: ["rules", 1], message: 'two rules have the port "a"' }]);
});

test("route refuses a rule for else", () => {
  expect(issuesOf({ rules: { else: "true" } })).toMatchObject([{ path: ["rules", "else"] }]);
});

test("route refuses port names that an edge cannot write", () => {
  expect(v.safeParse(route.config, { rules: { "a.b": "true" } }).success).toBe(false);
  expect(v.safeParse(route.config, { rules: [{ port: "1a", when: "true" }] }).success).toBe(false);
});
