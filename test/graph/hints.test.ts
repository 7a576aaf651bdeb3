import { describe, expect, test } from "bun:test";
import { didYouMean } from "../../src/base/suggest.ts";
import { compile, found } from "../support/graph.ts";

const GRAPH = `version: 2
nodes:
  - { id: c, plugin: counter }
  - { id: s, plugin: show }
edges:
  - { from: c, to: s }
`;

/** Findings and hints after some text of the graph was replaced. */
async function after(right: string, wrong: string) {
  expect(GRAPH).toContain(right);
  const { diagnostics } = await compile(GRAPH.replace(right, wrong));
  return { found: found(diagnostics), hints: diagnostics.map(({ hint }) => hint) };
}

describe("a slip in YAML", () => {
  test("that is a tab is told once, not as everything that follows from it", async () => {
    const { found, hints } = await after("  - { id: s", "\t- { id: s");
    expect({ found, hints }).toEqual({ found: ["YAML_TAB@4:1"], hints: ["indent with spaces"] });
  });

  test("that the parser tells twice is told once", async () => {
    const { diagnostics } = await compile(GRAPH.replace("plugin: show }", 'config: { a: "x } }'));
    const told = diagnostics.map(({ message, place }) => `${place.line}:${place.column} ${message}`);
    expect(told).toEqual([...new Set(told)]);
  });

  test.each([
    ["  - { from: c, to: s }", "  - { from: c, to: s", "a { or [ before this place is not closed"],
    ["{ id: c, plugin: counter }", "{ id: c, plugin: a: b }", 'a value with ": " in it must stand in quotes'],
    [
      "  - { id: c, plugin: counter }",
      "  - id: c\n   plugin: counter",
      "lines of one list, or of one map, start in the same column",
    ],
    [
      "  - { id: s",
      "\u00a0 - { id: s",
      "this line is indented with U+00A0, which is no space to YAML; type plain spaces",
    ],
    [
      "  - { id: s",
      "\u3000- { id: s",
      "this line is indented with U+3000, which is no space to YAML; type plain spaces",
    ],
  ])("of %j to %j is explained", async (right, wrong, hint) => {
    expect((await after(right, wrong)).hints.join("\n")).toContain(hint);
  });
});

describe("a key that stands in the wrong place", () => {
  test.each([
    ["plugin: show", "plugin: show, type: x", "write plugin"],
    ["plugin: show", "plugin: show, name: x", "write id"],
    ["plugin: show", "plugin: show, on_error: retry", "it belongs in the node's runtime: runtime: { on_error: … }"],
    ["plugin: show", "plugin: show, prefix: x", "a node's own settings belong in its config: config: { … }"],
    ["plugin: show", "plugin: show, runtime: { capacity: 5 }", "write inbox: { capacity: … }"],
    ["version: 2", "version: 2\nauthor: me", "values of your own belong in vars, remarks behind a #"],
    ["plugin: show", "plugin: show, confg: {}", 'did you mean "config"?'],
    ["from: c, to: s", "from:c, from: c, to: s", "a space stands behind the colon: from: …"],
  ])("%j as %j is sent to the right one", async (right, wrong, hint) => {
    expect((await after(right, wrong)).hints).toEqual([hint]);
  });
});

describe("a value of the wrong type", () => {
  test.each([
    ["edges:", "http: { listen: 7077 }\nedges:", "listen: Address and port, such as 127.0.0.1:7077"],
    ["edges:", "http: 127.0.0.1:7077\nedges:", "http: Such as { listen: 127.0.0.1:7077 }"],
    ["  - { from: c, to: s }", "  - c -> s", "write { from: NODE, to: NODE }"],
    ["plugin: show", "plugin: show, runtime: { concurrency: many }", "concurrency: "],
  ])("%j as %j comes with what is meant by it", async (right, wrong, hint) => {
    expect((await after(right, wrong)).hints.join("\n")).toContain(hint);
  });
});

describe("a fault that follows from another", () => {
  test("is not told when nodes cannot be read as a whole", async () => {
    expect((await after("nodes:", "node:")).found).toEqual(["UNKNOWN_KEY@2:1"]);
    const map = "nodes: { a: 1 }\nedges: [{ from: a, to: b }]\n";
    expect(found((await compile(`version: 2\n${map}`)).diagnostics)).toEqual(["BAD_SHAPE@2:1"]);
  });

  test("is no cycle when the edge leads into a source or out of a sink", async () => {
    expect((await after("from: c, to: s }", "from: c, to: s }\n  - { from: s, to: c }")).found).toEqual([
      "EDGE_OUT_OF_SINK@7:13",
      "EDGE_INTO_SOURCE@7:20",
    ]);
  });
});

test("didYouMean() lets a third of a word be wrong, and three letters of a long one", () => {
  expect(didYouMean("frist", ["first"])).toBe("first");
  expect(didYouMean("schema_valdate", ["schema_validate"])).toBe("schema_validate");
  expect(didYouMean("rnu", ["run"])).toBe("run");
  expect(didYouMean("foo", ["for", "bar"])).toBe("for");
  expect(didYouMean("abc", ["run", "graph"])).toBeUndefined();
  expect(didYouMean("rtsp_source", ["file_source"])).toBeUndefined();
});
