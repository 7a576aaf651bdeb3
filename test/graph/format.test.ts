import { describe, expect, test } from "bun:test";
import { CODES, type Diagnostic, explainCode, formatDiagnostics } from "../../src/graph/index.ts";
import { compile, graphWithLimit } from "../support/graph.ts";

function diagnostic(fields: Partial<Diagnostic> & { line?: number; column?: number; endColumn?: number }): Diagnostic {
  const { line = 1, column = 1, endColumn = column, ...rest } = fields;
  return {
    code: "BAD_SHAPE",
    severity: "error",
    message: "Message",
    place: { file: "a.yaml", line, column, endLine: line, endColumn },
    ...rest,
  };
}

describe("formatDiagnostics()", () => {
  test("prints place, code, message, line, caret and hint", async () => {
    const { diagnostics, texts } = await compile(graphWithLimit("{ limit: 0, mode: losse }"));
    expect(formatDiagnostics(diagnostics, { texts })).toBe(`yard.yaml:6:22 CONFIG_VALUE
Cannot create node "l" (limit) as config.limit must be >= 1: current value is 0
  6 |     config: { limit: 0, mode: losse }
    |                      ^

yard.yaml:6:31 CONFIG_VALUE
Cannot create node "l" (limit) as config.mode must be one of "strict", "loose": current value is "losse"
  6 |     config: { limit: 0, mode: losse }
    |                               ^^^^^   hint: did you mean "loose"?`);
  });

  test("prints warnings as such, related places, and hints without a line", () => {
    const text = formatDiagnostics([
      diagnostic({
        severity: "warning",
        hint: "do this",
        related: [{ place: { file: "b.yaml", line: 3, column: 4 }, message: "first here" }],
      }),
    ]);
    expect(text).toBe("a.yaml:1:1 BAD_SHAPE (warning)\nMessage\n  hint: do this\n  b.yaml:3:4 first here");
  });

  test("sorts by place", () => {
    const text = formatDiagnostics([
      diagnostic({ line: 3 }),
      diagnostic({ line: 1, column: 9 }),
      diagnostic({ line: 1, column: 2 }),
    ]);
    expect(text.match(/:\d+:\d+/g)).toEqual([":1:2", ":1:9", ":3:1"]);
  });

  test("uses colours only when asked", () => {
    const diagnostics = [diagnostic({ hint: "h" })];
    expect(formatDiagnostics(diagnostics, { texts: { "a.yaml": "x" } })).not.toContain("\u001b");
    expect(formatDiagnostics(diagnostics, { texts: { "a.yaml": "x" }, color: true })).toContain("\u001b[31m");
  });

  const caretLine = (text: string, column: number, endColumn: number) =>
    formatDiagnostics([diagnostic({ column, endColumn })], { texts: { "a.yaml": text } }).split("\n")[3]!;

  test("puts the caret below wide characters and tabs", () => {
    expect(caretLine("카메라: x", 6, 7)).toBe("    |         ^");
    expect(caretLine("\ta: x", 5, 6)).toBe("    | \t   ^");
    expect(caretLine("a: 카메라", 4, 7)).toBe("    |    ^^^^^^");
  });

  test("shows the part of a long line that matters", () => {
    const line = `${"x".repeat(5_000)}HERE${"y".repeat(5_000)}`;
    const [, , shown, caret] = formatDiagnostics([diagnostic({ column: 5_001, endColumn: 5_005 })], {
      texts: { "a.yaml": line },
    }).split("\n");
    expect(shown!.length).toBeLessThan(120);
    expect(shown!.slice(caret!.indexOf("^"), caret!.lastIndexOf("^") + 1)).toBe("HERE");
  });

  test("hides passwords in the line and keeps the caret at its text", () => {
    const line = "url: rtsp://user:hunter2@host/a b: HERE";
    const column = line.indexOf("HERE") + 1;
    const [, , shown, caret] = formatDiagnostics([diagnostic({ column, endColumn: column + 4 })], {
      texts: { "a.yaml": line },
    }).split("\n");
    expect(shown).toContain("rtsp://user:***@host");
    expect(shown!.slice(caret!.indexOf("^"), caret!.lastIndexOf("^") + 1)).toBe("HERE");
  });

  test("lets no control character through to the terminal", () => {
    const text = formatDiagnostics(
      [diagnostic({ message: "a\u001b[2Jb", place: { file: "x\u001b.yaml", line: 1, column: 1 } })],
      {
        texts: { "x\u001b.yaml": "\u001b]0;title\u0007" },
      },
    );
    expect(text).not.toMatch(/[\u001b\u0007]/);
  });
});

describe("CODES", () => {
  test.each(Object.entries(CODES))("%s has a title, a cause and a way out", (_, { title, cause, fix }) => {
    expect(title).toMatch(/^\S.*[^.]$/);
    expect(cause).toMatch(/\.$/);
    expect(fix.length).toBeGreaterThan(10);
  });

  test("explainCode() prints one, and knows no other", () => {
    expect(explainCode("SELF_LOOP")).toStartWith("SELF_LOOP: A node is connected to itself\n\n");
    expect(explainCode("SELF_LOOP")).toContain("  edges:\n");
    expect(explainCode("constructor")).toBeUndefined();
  });
});

test("formatDiagnostics() hides secrets in the query of an address, and points at what is behind it", () => {
  const line = 'url: "http://host/x?cam=1&token=hunter2&api_key=hunter3#end" HERE';
  const column = line.indexOf("HERE") + 1;
  const found = diagnostic({ column, endColumn: column + 4 });
  const shown = formatDiagnostics([found], { texts: { "a.yaml": line } });
  expect(shown).not.toContain("hunter");
  expect(shown).toContain('url: "http://host/x?cam=1&token=***&api_key=***#end" HERE');
  const [, , text, caret] = shown.split("\n");
  expect(caret!.indexOf("^")).toBe(text!.indexOf("HERE"));
});
