import { expect, test } from "bun:test";
import { withDelivery } from "../../src/graph/delivery.ts";
import { connect, type Draft, type DraftNode, type LooseEdge } from "../../src/graph/draft.ts";
import { Findings } from "../../src/graph/findings.ts";
import { freezePlan } from "../../src/graph/freeze.ts";
import { runRules } from "../../src/graph/rules/index.ts";
import { runtimeOptions } from "../../src/graph/runtime.ts";
import { DEFINITIONS } from "../support/catalogue.ts";
import { compile } from "../support/graph.ts";

// The bounds below are five times the figures to reach, as test machines are shared; the bench has the figures.
const MARGIN = 5;
const place = { file: "chain", line: 1, column: 1 };

function chain(length: number, { closed = false } = {}): Draft {
  const [source, limit] = ["counter", "limit"].map(
    (name) => DEFINITIONS.find((definition) => definition.name === name)!,
  );
  const nodes = Array.from({ length }, (_, index): DraftNode => {
    const definition = index === 0 ? source! : limit!;
    return {
      index,
      id: `n${index}`,
      plugin: definition.name,
      kind: undefined,
      path: `nodes[${index}]`,
      place,
      at: () => place,
      runtime: withDelivery(runtimeOptions(), undefined, definition),
      runtimeKeys: [],
      inboxKeys: [],
      definition,
      legacy: false,
      origin: "built_in",
      config: { value: {} },
      inputs: definition.inputs,
      outputs: definition.outputs({}),
    };
  });
  const at = () => place;
  const end = (text: string) => ({ text, port: undefined, place });
  const edges = Array.from({ length: length - 1 }, (_, index): LooseEdge => {
    return { index, path: `edges[${index}]`, place, from: end(`n${index}`), to: end(`n${index + 1}`), at };
  });
  if (closed) edges.push({ index: length, path: "edges", place, from: end(`n${length - 1}`), to: end("n1"), at });
  return {
    compat: false,
    place,
    nodes,
    edges: connect(nodes, edges, undefined),
    unreadIds: new Set(),
    cells: [],
    incomplete: false,
  };
}

test("the rules take a chain of 100,000 nodes in time and without recursion", () => {
  const started = performance.now();
  const findings = new Findings();
  const draft = chain(100_000);
  runRules(draft, findings);
  expect(findings.list()).toEqual([]);
  const plan = freezePlan({ name: "chain", path: "chain", baseDir: "/", compat: false, hash: "", files: [] }, draft);
  expect(performance.now() - started).toBeLessThan(2_000 * MARGIN);
  expect(plan.ranks.at(-1)).toBe(99_999);
});

test("the rules take a cycle of 100,000 nodes in time and report it once", () => {
  const started = performance.now();
  const findings = new Findings();
  runRules(chain(100_000, { closed: true }), findings);
  expect(findings.list().map(({ code }) => code)).toEqual(["CYCLE_WITHOUT_DELAY"]);
  expect(performance.now() - started).toBeLessThan(2_000 * MARGIN);
});

function bigFile(nodes: number, edgeEnd = (index: number) => `n${index + 1}`): string {
  const list = Array.from(
    { length: nodes - 1 },
    (_, index) => `  - id: n${index + 1}\n    plugin: limit\n    config: { limit: ${index + 1} }\n`,
  );
  const edges = Array.from({ length: nodes - 1 }, (_, index) => `  - { from: n${index}, to: ${edgeEnd(index)} }\n`);
  return `version: 2\nnodes:\n  - { id: n0, plugin: counter }\n${list.join("")}edges:\n${edges.join("")}`;
}

test("a file of 10,000 nodes is checked in time", async () => {
  const text = bigFile(10_000);
  expect(text.length).toBeLessThan(1024 * 1024);
  const started = performance.now();
  const { plan, diagnostics } = await compile(text);
  expect(performance.now() - started).toBeLessThan(1_500 * MARGIN);
  expect(diagnostics).toEqual([]);
  expect(plan!.nodes).toHaveLength(10_000);
});

test("a file whose 10,000 edges all lead nowhere is checked in time", async () => {
  const started = performance.now();
  const { diagnostics } = await compile(bigFile(10_000, (index) => `m${index}`));
  expect(performance.now() - started).toBeLessThan(1_500 * MARGIN);
  expect(diagnostics.at(-1)!.code).toBe("TOO_MANY_FINDINGS");
});

test.each([
  ["a text of openings without an end", "${".repeat(400_000)],
  ["a text that might be an address", `${"a".repeat(900_000)}://`],
])("%s is refused in linear time", async (_, text) => {
  const started = performance.now();
  const { diagnostics } = await compile(`version: 2\nnodes:\n  - { id: a, plugin: "${text}" }\n`);
  expect(diagnostics).not.toEqual([]);
  // Quadratic time would take minutes.
  expect(performance.now() - started).toBeLessThan(1_000 * MARGIN);
});

test("ten thousand undefined references among ten thousand variables are reported in bounded time", async () => {
  const vars = Array.from({ length: 10_000 }, (_, at) => `v${at}: "\${vars.w${at}}"`).join(", ");
  const started = performance.now();
  const { diagnostics } = await compile(`version: 2\nvars: { ${vars} }\nnodes:\n  - { id: a, plugin: counter }\n`);
  expect(diagnostics[0]).toMatchObject({ hint: expect.stringContaining("did you mean") });
  expect(performance.now() - started).toBeLessThan(1_000 * MARGIN);
});
