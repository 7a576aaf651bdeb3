import { expect, test } from "bun:test";
import * as v from "valibot";
import { ANY, defineNode, port } from "../../src/node/index.ts";
import { testCatalogue } from "../support/catalogue.ts";
import { compile, found } from "../support/graph.ts";

const lanes = defineNode({
  name: "lanes",
  kind: "transform",
  doc: "Has one input for each name.",
  config: v.strictObject({ names: v.array(v.string()) }),
  inputs: ({ names }) =>
    Object.fromEntries(names.map((name) => [name, port(name === "seen" ? "frame" : ANY, "A lane.")])),
  outputs: { out: port(ANY, "All of it.") },
  examples: [],
  create: () => ({ process() {} }),
});

const base = testCatalogue();
const catalogue = {
  ...base,
  resolve: (address: string) =>
    address === "lanes"
      ? { found: true as const, definition: lanes, origin: "built_in" as const }
      : base.resolve(address),
};

const graph = (names: string, ...edges: string[]) =>
  compile(
    `version: 2
nodes:
  - { id: c, plugin: counter }
  - { id: w, plugin: webhook }
  - { id: l, plugin: lanes, config: { names: ${names} } }
  - { id: s, plugin: show }
edges:
${["from: l, to: s", ...edges].map((edge) => `  - { ${edge} }\n`).join("")}`,
    { catalogue },
  );

test("inputs that follow from the config are ports like any other", async () => {
  const { plan, diagnostics } = await graph("[fast, slow]", "from: c, to: l.fast", "from: w, to: l.slow");
  expect(diagnostics).toEqual([]);
  expect(plan!.nodes.find(({ id }) => id === "l")!.inputs).toEqual(["fast", "slow"]);
});

test.each([
  [
    "a port that the config does not make",
    "[fast, slow]",
    ["from: c, to: l.fast", "from: w, to: l.slwo"],
    "UNKNOWN_PORT@10:20",
  ],
  [
    "an edge that does not say which",
    "[fast, slow]",
    ["from: c, to: l.fast", "from: w, to: l"],
    "AMBIGUOUS_PORT@10:20",
  ],
  [
    "an input that nothing leads to",
    "[fast, slow]",
    ["from: c, to: l.fast", "from: w, to: l.fast"],
    "INPUT_NOT_CONNECTED@5:11",
  ],
])("%s is found", async (_name, names, edges, at) => {
  expect(found((await graph(names, ...edges)).diagnostics)).toContain(at);
});

test("a config that is wrong makes no ports, and nothing is said of the edges", async () => {
  expect(found((await graph("7", "from: c, to: l.fast", "from: w, to: l.slow")).diagnostics)).toEqual([
    "CONFIG_VALUE@5:46",
  ]);
});
