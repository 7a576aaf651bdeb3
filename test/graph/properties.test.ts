import { expect, test } from "bun:test";
import fc from "fast-check";
import { CODES, formatDiagnostics } from "../../src/graph/index.ts";
import { topologicalRanks } from "../../src/graph/topology.ts";
import { compile, graphWithLimit } from "../support/graph.ts";

const OLD = "schnitzel_stream.nodes.dev";

/** Whatever comes in: no exception, known codes, places that exist, and a plan exactly without errors. */
async function holds(text: string, set: string[] = []) {
  const { plan, diagnostics, texts } = await compile(text, { env: { N: "5", A_TOKEN: "x" }, set });
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  expect(plan === undefined).toBe(errors.length > 0);
  expect(errors.map(({ code }) => code)).not.toContain("INTERNAL");
  for (const { code, place, message } of diagnostics) {
    expect(Object.hasOwn(CODES, code)).toBe(true);
    expect(place.line).toBeGreaterThanOrEqual(1);
    expect(place.line).toBeLessThanOrEqual((texts[place.file] ?? "").split("\n").length);
    expect(message.length).toBeLessThan(2_000);
  }
  formatDiagnostics(diagnostics, { texts });
  return plan;
}

test("compileGraph() never throws on arbitrary text", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 300 }), async (text) => void (await holds(text))),
    { numRuns: 500 },
  );
});

test("compileGraph() never throws on arbitrary bytes read as text", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 500 }),
      async (bytes) => void (await holds(new TextDecoder().decode(bytes))),
    ),
    { numRuns: 500 },
  );
});

const yamlBits = fc.constantFrom(
  ..."{}[]:,-?|>&*!%@#'\"\n \t".split(""),
  "\n  ",
  "\n    ",
  "- ",
  ": ",
  "${",
  "}",
  "${vars.a}",
  "${N}",
  "${oc.env:N,",
  "${file:x}",
  "\\${",
  "version: 2",
  "nodes:",
  "edges:",
  "id: ",
  "plugin: ",
  "counter",
  "limit",
  "config: ",
  "runtime: ",
  "__proto__",
  "constructor",
  "<<: ",
  "*a",
  "&a ",
  "---",
  "null",
  "~",
  "1e999",
  "0x",
  "vars:",
);

test("compileGraph() never throws on text made of YAML's own characters", async () => {
  const text = fc.array(yamlBits, { maxLength: 60 }).map((bits) => bits.join(""));
  await fc.assert(
    fc.asyncProperty(text, async (value) => void (await holds(value))),
    { numRuns: 1_500 },
  );
});

const BASE = [
  graphWithLimit("{ limit: 1, mode: loose }", "    runtime: { inbox: { capacity: 2, overflow: drop_oldest } }\n"),
  `version: 2\nvars: { a: 1, b: "\${vars.a}" }\nnodes:\n  - { id: c, plugin: "${OLD}:Counter", kind: source, config: { count: "\${oc.env:N,3}", __runtime__: { inbox_max: 2 } } }\n  - { id: s, plugin: "${OLD}:Show" }\nedges: [{ from: c, to: s, src_port: x }]\n`,
];

test("compileGraph() never throws on a graph with pieces cut out, doubled or replaced", async () => {
  const change = fc.record({ at: fc.nat(600), cut: fc.nat(12), add: fc.oneof(yamlBits, fc.string({ maxLength: 4 })) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...BASE),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      async (base, changes) => {
        let text = base;
        for (const { at, cut, add } of changes)
          text = text.slice(0, at % text.length) + add + text.slice((at % text.length) + cut);
        await holds(text);
      },
    ),
    { numRuns: 1_500 },
  );
});

test("compileGraph() never throws on arbitrary JSON in place of any part", async () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const shapes = fc.record(
    {
      version: fc.constantFrom(2, 1, "2", null),
      nodes: fc.oneof(json, fc.array(json)),
      edges: fc.oneof(json, fc.array(json)),
      vars: json,
    },
    { requiredKeys: ["version"] },
  );
  await fc.assert(
    fc.asyncProperty(shapes, async (graph) => void (await holds(JSON.stringify(graph)))),
    { numRuns: 800 },
  );
  const config = fc.tuple(json, json, fc.boolean());
  await fc.assert(
    fc.asyncProperty(config, async ([value, runtime, old]) => {
      const plugin = old ? `${OLD}:Limit` : "limit";
      await holds(
        JSON.stringify({
          version: 2,
          nodes: [
            { id: "l", plugin, config: value, runtime },
            { id: "m", plugin, config: { __runtime__: value } },
          ],
        }),
      );
    }),
    { numRuns: 800 },
  );
});

test("--set never throws on arbitrary text", async () => {
  const argument = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.array(yamlBits, { maxLength: 8 }).map((bits) => `nodes.l.config.${bits.join("")}=${bits.join("")}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(argument, { maxLength: 3 }), async (set) => void (await holds(BASE[0]!, set))),
    { numRuns: 800 },
  );
});

test("a random graph is refused, or its plan has ranks that every edge rises in", async () => {
  let accepted = 0;
  const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
    fc.record({
      plugins: fc.array(fc.constantFrom("counter", "limit", "limit", "show", "join", "hold"), {
        minLength: size,
        maxLength: size,
      }),
      edges: fc.array(fc.tuple(fc.nat(size), fc.nat(size), fc.constantFrom("", ".out", ".excess")), { maxLength: 20 }),
      forward: fc.boolean(),
    }),
  );
  await fc.assert(
    fc.asyncProperty(graph, fc.boolean(), async ({ plugins, edges, forward }, onlyForward) => {
      // Half of the graphs have only edges to later nodes, so that enough of them are accepted.
      const kept = onlyForward ? edges.filter(([from, to]) => from < to) : edges;
      const nodes = plugins.map((plugin, index) => ({
        id: `n${index}`,
        plugin: index === 0 ? "counter" : plugin,
        config: plugin === "limit" && index > 0 ? { limit: 1 } : plugin === "show" && index > 0 ? { forward } : {},
      }));
      const list = kept.map(([from, to, port]) => ({ from: `n${from}${port}`, to: `n${to}` }));
      const covered = onlyForward ? nodes.slice(1).map(({ id }) => ({ from: "n0", to: id })) : [];
      const plan = await holds(JSON.stringify({ version: 2, nodes, edges: [...covered, ...list] }));
      if (!plan) return;
      accepted += 1;
      expect([...plan.ranks].sort((a, b) => a - b)).toEqual(plan.nodes.map((_, index) => index));
      for (const { from, to } of plan.edges) expect(plan.ranks[from]!).toBeLessThan(plan.ranks[to]!);
    }),
    { numRuns: 1_500 },
  );
  expect(accepted).toBeGreaterThan(20);
});

test("topologicalRanks() takes, of the nodes that may come next, the one declared first", () => {
  const graph = fc.integer({ min: 1, max: 30 }).chain((size) =>
    fc.record({
      order: fc.shuffledSubarray(
        Array.from({ length: size }, (_, index) => index),
        { minLength: size },
      ),
      pairs: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 40 }),
    }),
  );
  fc.assert(
    fc.property(graph, ({ order, pairs }) => {
      const next: number[][] = order.map(() => []);
      for (const [a, b] of pairs) if (a < b) next[order[a]!]!.push(order[b]!);
      const left = new Set(order.keys());
      const expected: number[] = [];
      while (left.size > 0) {
        const blocked = new Set([...left].flatMap((node) => next[node]!));
        const first = [...left].filter((node) => !blocked.has(node)).sort((a, b) => a - b)[0]!;
        expected[first] = expected.filter((rank) => rank !== undefined).length;
        left.delete(first);
      }
      expect(topologicalRanks(next)).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
