import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { yamlText } from "../../src/base/yaml_text.ts";
import { columns } from "../../src/cli/columns.ts";
import { markdownGraphs } from "../../src/cli/markdown_graphs.ts";

describe("yamlText()", () => {
  test("writes bytes as YAML does", () => {
    expect(yamlText({ payload: new Uint8Array([255, 216]) })).toBe('payload: !!binary "/9g="\n');
  });

  test("puts on a line what fits there, and the rest into blocks", () => {
    const long = "x".repeat(60);
    expect(yamlText({ plugin: "map", config: { ops: [{ set: "a", value: 1 }], jsonata: long, kind: long } })).toBe(
      `plugin: map\nconfig:\n  ops: [{ set: a, value: 1 }]\n  jsonata: ${long}\n  kind: ${long}\n`,
    );
  });

  test("quotes what could be mistaken, with the quotes that need no escapes", () => {
    const texts = ["yes", "1", "", "a: b", 'say "hi"', `it's "both"`, "x # y", "2012-01-01", " pad", "tail ", "-"];
    expect(yamlText(texts).trimEnd().split("\n")).toEqual([
      '- "yes"',
      '- "1"',
      '- ""',
      '- "a: b"',
      `- 'say "hi"'`,
      `- "it's \\"both\\""`,
      '- "x # y"',
      '- "2012-01-01"',
      '- " pad"',
      '- "tail "',
      '- "-"',
    ]);
  });

  test("is read back as it was by a YAML parser", () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: "medium" }), (value) => {
        expect(Bun.YAML.parse(yamlText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("markdownGraphs()", () => {
  const lines = (...text: string[]) => `${text.join("\n")}\n`;

  test("takes fences of either kind, longer ones and indented ones", () => {
    const found = markdownGraphs(
      lines("~~~yaml", "nodes: a", "~~~", "- list", "", "  ````yml", "  nodes: b", "  ```", "  ````"),
    );
    expect(found).toEqual([
      { text: "nodes: a\n", lineOffset: 1 },
      { text: "  nodes: b\n  ```\n", lineOffset: 6 },
    ]);
  });

  test("takes a block without an end to the end of the file", () => {
    expect(markdownGraphs(lines("```yaml", "nodes: a"))).toEqual([{ text: "nodes: a\n\n", lineOffset: 1 }]);
  });

  test("does not look into blocks of another language", () => {
    expect(markdownGraphs(lines("````text", "```yaml", "nodes: a", "```", "````"))).toEqual([]);
  });
});

test("columns() aligns by what is seen, wide characters included", () => {
  expect(
    columns([
      ["가", "x"],
      ["abc", "y"],
    ]),
  ).toBe("가   x\nabc  y\n");
  expect(columns([])).toBe("");
});
