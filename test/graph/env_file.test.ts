import { describe, expect, test } from "bun:test";
import { parseEnvFile } from "../../src/graph/index.ts";

describe("parseEnvFile()", () => {
  test.each([
    ["A=1", "1"],
    ["export A=1", "1"],
    ["  A = spaced out  ", "spaced out"],
    ["A=", ""],
    ["A=x # note", "x"],
    ["A=x#y", "x#y"],
    ["A='single $B \\n # kept'", "single $B \\n # kept"],
    ['A="two\\nlines \\"q\\" \\$5"  # note', 'two\nlines "q" $5'],
    ["A=b=c", "b=c"],
    ["A=1\nA=2", "2"],
    ["A=1\r", "1"],
    ["A=한국어", "한국어"],
  ])("reads %p", (text, value) => {
    expect(parseEnvFile(text)).toEqual({ values: { A: value }, diagnostics: [] });
  });

  test("passes over blank lines and comments", () => {
    expect(parseEnvFile("\n  # A=1\n\nB=2\n").values).toEqual({ B: "2" });
  });

  test.each(["A", "1A=2", "A B=2", 'A="open', "A='x' y", "=1"])("refuses %p with its place", (line) => {
    const { values, diagnostics } = parseEnvFile(`B=1\n  ${line}\n`, "my.env");
    expect(values).toEqual({ B: "1" });
    expect(diagnostics).toMatchObject([{ code: "ENV_FILE_SYNTAX", place: { file: "my.env", line: 2, column: 3 } }]);
  });

  test("never shows the line, which may hold a secret", () => {
    expect(JSON.stringify(parseEnvFile("TOKEN hunter2").diagnostics)).not.toContain("hunter2");
  });
});
