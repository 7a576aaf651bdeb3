import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const graph = (source: string) => `version: 2
nodes:
  - { id: s, ${source} }
  - { id: o, plugin: print_sink, config: { format: payload } }
edges: [{ from: s, to: o }]
`;
const csv = (more = "") =>
  graph(`plugin: file_source, config: { path: in.csv, format: csv, columns: { id: integer, celsius: number }${more} }`);
const jsonl = graph("plugin: file_source, config: { path: in.jsonl, format: jsonl }");

/** Runs a graph beside its files. `bad` are the dead letters: line, text and reason of what was set aside. */
async function runOn(text: string, files: Record<string, string>, { flags = [] as string[], stdin = "" } = {}) {
  using folder = folderWith({ "g.yaml": text, ...files });
  const args = ["run", "g.yaml", "--report-json", "--dead-letters", "letters.jsonl", ...flags];
  const ran = await run(args, { cwd: folder.folder, stdin });
  const printed = ran.stdout.trimEnd().split("\n");
  const report = JSON.parse(printed.pop()!);
  const letters = fs.readFileSync(folder.at("letters.jsonl"), "utf8").split("\n").filter(Boolean);
  const bad = letters
    .map((line) => JSON.parse(line))
    .map(({ record, reason, node_id }) => [node_id, record.line, record.text, reason.replace(/^\S+:\d+ /, "")]);
  return { ...ran, printed, report, bad };
}

describe("a CSV file with bad rows", () => {
  const rows = [
    "id,celsius",
    "1,20.5",
    "2",
    "3,21,extra",
    "four,22",
    "5,warm",
    "6,",
    '7,"23',
    "8,24",
    "9007199254740993,1",
    "9,1e400",
    "",
    "10,25",
  ].join("\n");

  test("gives the good ones, sets each bad one aside with its line and reason, and is degraded", async () => {
    const { code, report, printed, bad } = await runOn(csv(), { "in.csv": `${rows}\n` });
    expect([code, report.status]).toEqual([0, "degraded"]);
    expect(printed).toEqual(['{"id":1,"celsius":20.5}', '{"id":8,"celsius":24}', '{"id":10,"celsius":25}']);
    expect(bad).toEqual([
      ["s", 3, "2", "the record has 1 fields, not 2"],
      ["s", 4, "3,21,extra", "the record has 3 fields, not 2"],
      ["s", 5, "four,22", 'column "id" must be a whole number within ±9007199254740991: it is "four"'],
      ["s", 6, "5,warm", 'column "celsius" must be a decimal number such as -12.5 or 1e3: it is "warm"'],
      ["s", 7, "6,", 'column "celsius" (number) is empty; to allow that, say what it means: empty: null'],
      ["s", 8, '7,"23', "a quoted field is not closed before the end"],
      ["s", 10, "9007199254740993,1", expect.stringContaining('column "id" must be a whole number')],
      ["s", 11, "9,1e400", expect.stringContaining('column "celsius" must be')],
    ]);
    expect(report.sources).toMatchObject([{ node: "s", emitted: 3, dead_letters: 8 }]);
    expect(report.node_metrics.s).toEqual({ records_total: 3, rejected_total: 8 });
  });

  test("ends the run with code 1 at the first one under on_bad_record: fail", async () => {
    const { code, report, printed } = await runOn(csv(", on_bad_record: fail"), { "in.csv": `${rows}\n` });
    expect([code, report.status, printed]).toEqual([1, "error", ['{"id":1,"celsius":20.5}']]);
    expect(report.error).toContain("in.csv:3 the record has 1 fields, not 2");
  });

  test("ends with code 4 under --fail-degraded", async () => {
    expect((await runOn(csv(), { "in.csv": `${rows}\n` }, { flags: ["--fail-degraded"] })).code).toBe(4);
  });
});

describe("a file that is no CSV of this kind ends the run with code 1:", () => {
  test.each([
    ["it lacks a column", "id,fahrenheit\n1,2\n", 'config.columns has "celsius", the header has id, fahrenheit'],
    ["it names a column twice", "id,id,celsius\n", 'the header names the column "id" twice'],
  ])("%s", async (_, text, reason) => {
    const { code, report } = await runOn(csv(), { "in.csv": text });
    expect([code, report.status]).toEqual([1, "error"]);
    expect(report.error).toContain(reason);
  });

  test("it is not there", async () => {
    const { code, report } = await runOn(csv(), {});
    expect(code).toBe(1);
    expect(report.error).toMatch(/^source "s" failed: node "s" cannot open \S+in\.csv: ENOENT.*check the path/);
  });
});

describe("JSON lines that are broken", () => {
  test("are set aside, a half-written last one as well", async () => {
    const text = '{"id":1}\n{"id":\n\nnull\n{"id":2} x\n\u00ff\n{"id":3}\n{"id":4,"cels';
    const { code, report, printed, bad } = await runOn(jsonl, { "in.jsonl": text });
    expect([code, report.status]).toEqual([0, "degraded"]);
    expect(printed).toEqual(['{"id":1}', "null", '{"id":3}']);
    expect(bad.map(([node, line, text]) => [node, line, text])).toEqual([
      ["s", 2, '{"id":'],
      ["s", 5, '{"id":2} x'],
      ["s", 6, "ÿ"],
      ["s", 8, '{"id":4,"cels'],
    ]);
    for (const [, , , reason] of bad) expect(reason).toStartWith("the line is not JSON: ");
  });

  test("from standard input are set aside, too", async () => {
    const { printed, bad } = await runOn(
      graph("plugin: stdin_source, config: { format: jsonl }"),
      {},
      { stdin: '{"a":1}\n{"a":' },
    );
    expect(printed).toEqual(['{"a":1}']);
    expect(bad.map(([, line, text]) => [line, text])).toEqual([[2, '{"a":']]);
  });

  test("longer than max_line_bytes cost that line only", async () => {
    const short = jsonl.replace("format: jsonl", "format: jsonl, max_line_bytes: 64");
    const { printed, bad } = await runOn(short, { "in.jsonl": `{"a":"${"x".repeat(100)}"}\n{"a":1}\n` });
    expect(printed).toEqual(['{"a":1}']);
    expect(bad[0]![3]).toContain("max_line_bytes");
  });
});
