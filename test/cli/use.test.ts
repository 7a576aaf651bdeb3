import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { cli, folderWith } from "../support/cli.ts";

/** Three levels: the graph, a part, and what that brings in from a folder of its own. */
const FILES = {
  "graph.yaml": `version: 2
nodes:
  - { id: yard, use: parts/counted.yaml, with: { rows: 3 } }
  - { id: shown, plugin: print_sink, config: { format: payload } }
edges:
  - { from: yard, to: shown }
`,
  "parts/counted.yaml": `version: 2
parameters: { rows: { type: integer } }
ports: { out: { out: rows } }
nodes:
  - { id: rows, use: deep/rows.yaml, with: { most: "\${params.rows}" } }
`,
  "parts/deep/rows.yaml": `version: 2
parameters: { most: { type: integer } }
ports: { out: { out: some } }
vars: { most: "\${params.most}" }
nodes:
  - { id: lines, plugin: file_source, config: { path: rows.txt, format: lines } }
  - id: some
    plugin: rate_limit
    config:
      limit: "\${vars.most}"
      window_ms: 600000
edges:
  - { from: lines, to: some }
`,
  "parts/deep/rows.txt": "a\nb\nc\nd\n",
};

test("a graph of three files reads what lies beside the third", async () => {
  using project = folderWith(FILES);
  const { code, stdout, stderr } = await run(["run", "graph.yaml", "--report-json"], { cwd: project.folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  const printed = stdout.trimEnd().split("\n");
  const report = JSON.parse(printed.pop()!);
  expect(printed).toHaveLength(3);
  expect(report.metrics["node.yard/rows/lines.produced"]).toBe(4);
  expect(report.drops).toEqual([]);
  expect(report.edges.map(({ from, to }: { from: string; to: string }) => `${from} ${to}`)).toEqual([
    "yard/rows/lines.out yard/rows/some.in",
    "yard/rows/some.out shown.in",
  ]);
});

test("a fault in the third file is told there, with the way to it", async () => {
  using project = folderWith({
    ...FILES,
    "parts/deep/rows.yaml": FILES["parts/deep/rows.yaml"].replace("limit:", "limt:"),
  });
  const { code, stdout, stderr } = await run(["run", "graph.yaml"], { cwd: project.folder });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("parts/deep/rows.yaml:10:7 UNKNOWN_KEY\n");
  expect(stderr).toContain('  10 |       limt: "${vars.most}"\n     |       ^^^^   hint: did you mean "limit"?\n');
  expect(stderr).toContain(
    '  parts/counted.yaml:5:22 used here as "yard/rows"\n  graph.yaml:3:22 used here as "yard"\n',
  );
});

test("validate from elsewhere names files as the graph was named, and --json has the way too", async () => {
  using project = folderWith({
    ...FILES,
    "parts/counted.yaml": FILES["parts/counted.yaml"].replace("out: rows", "out: rosw"),
  });
  const { code, stdout } = await cli(["validate", project.at("graph.yaml"), "--json"]);
  const [{ diagnostics }] = JSON.parse(stdout).files;
  expect(code).toBe(2);
  expect(diagnostics).toMatchObject([
    {
      code: "UNKNOWN_NODE",
      place: { file: project.at("parts/counted.yaml"), line: 3 },
      hint: 'did you mean "rows"?',
      related: [{ place: { file: project.at("graph.yaml"), line: 3, column: 22 }, message: 'used here as "yard"' }],
    },
  ]);
});

test("a graph from standard input has its files in the current directory", async () => {
  using project = folderWith(FILES);
  const { code, stdout } = await cli(["validate", "-"], { stdin: FILES["graph.yaml"], cwd: project.folder });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "<stdin>: ok, 3 nodes, 2 edges\n" });
});

test("a graph in Markdown has its files beside the page, and a part that the page shows is no graph", async () => {
  const fence = (text: string) => `\`\`\`yaml\n${text}\`\`\`\n`;
  const page = `# Parts\n\n${fence(FILES["graph.yaml"])}\nwith\n\n${fence(FILES["parts/counted.yaml"])}`;
  using project = folderWith({ ...FILES, "guide.md": page });
  const { code, stdout } = await cli(["validate", project.at("guide.md")]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${project.at("guide.md")}: ok, 3 nodes, 2 edges\n` });
});

test("a folder has its graphs checked, and their parts with them", async () => {
  using project = folderWith(FILES);
  const { stdout, stderr, code } = await cli(["validate", project.folder]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${project.at("graph.yaml")}: ok, 3 nodes, 2 edges\n` });
  expect(stderr).toContain("parts/counted.yaml: it has parameters or ports: it is checked where a graph uses it\n");
});

test("a part that is named says that it does not run by itself", async () => {
  using project = folderWith(FILES);
  const { code, stderr } = await cli(["validate", project.at("parts/counted.yaml")]);
  expect(code).toBe(2);
  expect(stderr).toContain("only a file that nodes bring in with use has it, and such a file does not run by itself");
});

test("a durable edge in a part has a queue that its commands name as the report does", async () => {
  using project = folderWith(FILES);
  const durable = FILES["parts/deep/rows.yaml"].replace("to: some }", "to: some, durable: true }");
  fs.writeFileSync(project.at("parts/deep/rows.yaml"), durable);
  const state = ["--state-dir", project.at("state")];
  const { code } = await run(["run", "graph.yaml", ...state], { cwd: project.folder });
  const name = "yard/rows/lines.out->yard/rows/some.in";
  expect([code, fs.readdirSync(project.at("state/graph/queues"))]).toEqual([
    0,
    expect.arrayContaining(["yard=rows=lines.out+yard=rows=some.in.sqlite3"]),
  ]);
  for (const graph of ["graph.yaml", "graph"]) {
    const listed = await run(["queue", "ls", graph, ...state], { cwd: project.folder });
    expect([listed.code, listed.stdout]).toEqual([0, expect.stringContaining(name)]);
    const shown = await run(["queue", "peek", graph, name, ...state], { cwd: project.folder });
    expect([shown.code, shown.stderr]).toEqual([0, "no row waits\n"]);
  }
});
