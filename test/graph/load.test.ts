import { describe, expect, test } from "bun:test";
import { Findings } from "../../src/graph/findings.ts";
import { loadTree, MAX_ALIASES } from "../../src/graph/load.ts";
import { SourceText } from "../../src/graph/source_text.ts";
import { childOf, placeOf, spotAt, type Tree } from "../../src/graph/tree.ts";
import { found } from "../support/graph.ts";

function load(text: string) {
  const findings = new Findings();
  const tree = loadTree(new SourceText("a.yaml", text), findings);
  return { tree, found: found(findings.list()), diagnostics: findings.list() };
}

describe("loadTree()", () => {
  test("keeps the place of every key and value", () => {
    const { tree } = load("a: 1\nb:\n  - x\n  - { c: hello }\n");
    expect(placeOf(spotAt(tree!, ["b", 1, "c"]))).toEqual({
      file: "a.yaml",
      line: 4,
      column: 10,
      endLine: 4,
      endColumn: 15,
    });
    expect(placeOf(spotAt(tree!, ["b", 1, "c"], "key"))).toMatchObject({ line: 4, column: 7 });
  });

  test("ends at the last part that exists when a path leads out of the document", () => {
    const { tree } = load("a:\n  b: 1\n");
    expect(placeOf(spotAt(tree!, ["a", "zz", "y"]))).toMatchObject({ line: 1, column: 1 });
  });

  test("reads JSON", () => {
    const { tree, found } = load('{"a": [1, "two", null], "b": {"c": true}}');
    expect(found).toEqual([]);
    expect((childOf(childOf(tree!, "a")!, 1) as { text: string }).text).toBe("two");
  });

  test("tells quoted text from plain text", () => {
    const { tree } = load("[5, '5', \"5\", !!str 5]");
    expect((tree as Tree & { type: "list" }).items.map((item) => (item as { quoted: boolean }).quoted)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  test("refuses a key that stands twice and says where it stood first", () => {
    const { diagnostics, found } = load("a: 1\nb: 2\na: 3\n");
    expect(found).toEqual(["DUPLICATE_KEY@3:1"]);
    expect(diagnostics[0]!.message).toContain("first on line 1");
  });

  test("finds every duplicate key of a map with 50,000 keys in linear time", () => {
    const keys = Array.from({ length: 50_000 }, (_, index) => `k${index % 49_999}: 1`).join("\n");
    expect(load(keys).found).toEqual(["DUPLICATE_KEY@50000:1"]);
  });

  test("refuses an indentation with a tab", () => {
    expect(load("nodes:\n\t- id: cam\n").found[0]).toBe("YAML_TAB@2:1");
  });

  test("refuses a merge key", () => {
    expect(load("a: &a { x: 1 }\nb:\n  <<: *a\n").found).toEqual(["MERGE_KEY@3:3"]);
  });

  test("refuses a key that is a list", () => {
    expect(load("? [a, b]\n: 1\n").found).toEqual(["BAD_KEY@1:3"]);
  });

  test("refuses __proto__ as a key, and leaves every object as it was", () => {
    expect(load("a:\n  __proto__: { polluted: true }\n").found).toEqual(["BAD_KEY@2:3"]);
    expect("polluted" in {}).toBe(false);
  });

  test("refuses a tag that could create something", () => {
    expect(load("a: !python/object {}\n").found[0]).toMatch(/^UNSUPPORTED_TAG@1:/);
  });

  test("fills in an alias as if its value stood there", () => {
    const { tree, found } = load("a: &a { x: 1 }\nb: *a\n");
    expect(found).toEqual([]);
    expect((childOf(childOf(tree!, "b")!, "x") as { text: string }).text).toBe("1");
  });

  test("refuses more than 20 aliases", () => {
    const text = `a: &a 1\nb: [${"*a, ".repeat(MAX_ALIASES + 1)}]`;
    expect(load(text).found).toEqual([expect.stringMatching(/^TOO_MANY_ALIASES@2:/)]);
  });

  test("refuses aliases of aliases that grow beyond the bound", () => {
    const big = Array.from({ length: 9_000 }, () => "1").join(",");
    const text = `a: &a [${big}]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c]`;
    expect(load(text).found).toEqual([expect.stringMatching(/^EXPANSION_TOO_LARGE@/)]);
  });

  test("refuses an alias that contains itself", () => {
    expect(load("a: &a [1, *a]\n").found).toEqual([expect.stringMatching(/^YAML_SYNTAX@1:11/)]);
  });

  test.each([
    ["brackets", "[".repeat(100_000)],
    ["braces", "{a: ".repeat(100_000)],
    ["list items on one line", "- ".repeat(100_000)],
    ["indented maps", Array.from({ length: 200 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
  ])("stops at the first of too many nested %s", (_, text) => {
    const before = process.memoryUsage().rss;
    expect(load(text).found).toEqual([expect.stringMatching(/^TOO_DEEP@/)]);
    // Parsing 100,000 brackets to the end would take 350 MB.
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });

  test("takes 32 levels and refuses 33", () => {
    expect(load(`${"[".repeat(32)}${"]".repeat(32)}`).found).toEqual([]);
    expect(load(`${"[".repeat(33)}${"]".repeat(33)}`).found).toEqual(["TOO_DEEP@1:33"]);
  });

  test("does not count brackets in quotes, comments and block texts as nesting", () => {
    const many = "[".repeat(50);
    expect(load(`a: "${many}" # ${many}\nb: |\n  ${many}\n  ${many}\n`).found).toEqual([]);
  });

  test("refuses a second document", () => {
    expect(load("a: 1\n---\nb: 2\n").found).toEqual([expect.stringMatching(/^MULTIPLE_DOCUMENTS@/)]);
  });

  test("lists at most 20 syntax errors of half a million", () => {
    const started = performance.now();
    const { found } = load("[]".repeat(500_000));
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(20);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
