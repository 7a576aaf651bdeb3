import { expect, test } from "bun:test";
import { createRegistry } from "../../src/registry/index.ts";
import { compile } from "../support/graph.ts";

/** What is found in a node's config where a key may hold a list or a map, a text or a map. */
async function told(node: string) {
  const text = `version: 2
nodes:
  - { id: s, plugin: static_source, config: { packets: [] } }
  - { id: n, plugin: ${node} }
edges: [{ from: s, to: n }]
`;
  const { diagnostics } = await compile(text, { catalogue: createRegistry({ env: {} }) });
  return diagnostics
    .filter(({ place }) => place.line === 4)
    .map(({ code, message }) => `${code} ${message.replace(/^.* as config/, "config")}`);
}

test.each([
  [
    "route, config: { rules: [] }",
    ["CONFIG_VALUE config.rules must have at least 1 item: current value is an empty list"],
  ],
  [
    "route, config: { rules: {} }",
    ["CONFIG_VALUE config.rules must have at least 1 key: current value is an empty map"],
  ],
  ["route, config: { rules: { a: 5 } }", ["CONFIG_VALUE config.rules.a must be a string: current value is 5"]],
  ["route, config: { rules: x }", ['CONFIG_VALUE config.rules must be a list or a map: current value is "x"']],
  [
    "route, config: { rules: [{ wen: x }] }",
    [
      "MISSING_KEY config.rules[0].when is missing: it must be a string",
      "UNKNOWN_KEY config.rules[0].wen is not known in config.rules[0]: its keys are port, when",
    ],
  ],
  [
    "map, config: { source_id: { cell: x } }",
    [
      "MISSING_KEY config.source_id.cel is missing: it must be a string",
      "UNKNOWN_KEY config.source_id.cell is not known in config.source_id: its keys are cel",
    ],
  ],
])("of %s the part that is wrong is told, with its place", async (node, expected) => {
  expect(await told(node)).toEqual(expected);
});

test("a choice beside a map is told as a choice", async () => {
  const node = "file_source, config: { path: a, format: csv, columns: { t: float } }";
  expect((await told(node))[0]).toContain(
    'config.columns.t must be one of "string", "number", "integer", "boolean", "timestamp" or a map: current value is "float"',
  );
});
