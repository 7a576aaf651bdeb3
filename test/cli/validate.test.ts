import { describe, expect, test } from "bun:test";
import { BAD_GRAPH, cli, folderWith, GOOD_GRAPH } from "../support/cli.ts";

/** The `--json` of a call, with `code@line:column` for each finding. */
async function validated(...args: Parameters<typeof cli>) {
  const { code, stdout } = await cli(["validate", ...args[0], "--json"], args[1]);
  const { files, skipped, summary, schema_version } = JSON.parse(stdout);
  const found = files.map((file: { path: string; diagnostics: { code: string; place: Record<string, number> }[] }) => [
    file.path,
    ...file.diagnostics.map((one) => `${one.code}@${one.place.line}:${one.place.column}`),
  ]);
  return { code, schema_version, found, skipped, summary };
}

test("validate tells size and verdict of a good graph on stdout", async () => {
  using graphs = folderWith({ "yard.yaml": GOOD_GRAPH });
  const { code, stdout, stderr } = await cli(["validate", graphs.at("yard.yaml")]);
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: `${graphs.at("yard.yaml")}: ok, 2 nodes, 1 edge\n`,
    stderr: "",
  });
});

test("validate prints findings with place, line and caret on stderr and ends with code 2", async () => {
  using graphs = folderWith({ "yard.yaml": BAD_GRAPH });
  const { code, stdout, stderr } = await cli(["validate", graphs.at("yard.yaml")]);
  expect(code).toBe(2);
  expect(stdout).toBe(`${graphs.at("yard.yaml")}: 1 error, 0 warnings\n`);
  expect(stderr).toStartWith(`${graphs.at("yard.yaml")}:4:22 UNKNOWN_PLUGIN\n`);
  expect(stderr).toContain("  4 |   - { id: o, plugin: prnt_sink }\n    |                      ^^^^^^^^^");
  expect(stderr).toContain("did you mean print_sink?");
});

test("validate --json gives every file with its findings, and a sum", async () => {
  using graphs = folderWith({ "bad.yaml": BAD_GRAPH, "good.yaml": GOOD_GRAPH });
  const [bad, good] = [graphs.at("bad.yaml"), graphs.at("good.yaml")];
  expect(await validated([bad, good])).toEqual({
    code: 2,
    schema_version: 1,
    found: [[bad, "UNKNOWN_PLUGIN@4:22"], [good]],
    skipped: [],
    summary: { files: 2, errors: 1, warnings: 0, skipped: 0 },
  });
});

test("lint is validate", async () => {
  using graphs = folderWith({ "yard.yaml": GOOD_GRAPH });
  expect((await cli(["lint", graphs.at("yard.yaml")])).stdout).toContain("ok, 2 nodes");
});

test("validate names a file that is not there", async () => {
  const { code, found } = await validated(["/nowhere/yard.yaml"]);
  expect({ code, found }).toEqual({ code: 2, found: [["/nowhere/yard.yaml", "FILE_NOT_FOUND@1:1"]] });
});

test("validate reads standard input for -", async () => {
  expect((await validated(["-"], { stdin: BAD_GRAPH })).found).toEqual([["<stdin>", "UNKNOWN_PLUGIN@4:22"]]);
  expect((await cli(["validate", "-"], { stdin: GOOD_GRAPH })).stdout).toBe("<stdin>: ok, 2 nodes, 1 edge\n");
});

test("validate refuses standard input that is too long or no text", async () => {
  const long = await validated(["-", "--max-graph-bytes", "10"], { stdin: GOOD_GRAPH });
  expect(long.found).toEqual([["<stdin>", "FILE_TOO_LARGE@1:1"]]);
  const binary = await validated(["-"], { stdin: new Uint8Array([0xc3, 0x28]) });
  expect(binary.found).toEqual([["<stdin>", "FILE_NOT_TEXT@1:1"]]);
});

describe("a folder", () => {
  test("is searched for graphs, and what is none is skipped and named", async () => {
    using graphs = folderWith({
      "a.yaml": GOOD_GRAPH,
      "deep/b.yml": GOOD_GRAPH,
      "deep/c.json": '{ "version": 2, "nodes": [] }',
      "deep/data.json": '{ "rows": [] }',
      "notes.txt": GOOD_GRAPH,
      "prose.md": "# No graph here\n",
      ".hidden/d.yaml": GOOD_GRAPH,
      "node_modules/pkg/e.yaml": GOOD_GRAPH,
    });
    const { found, skipped } = await validated([graphs.folder]);
    expect(found.map(([file]: [string]) => file)).toEqual(["a.yaml", "deep/b.yml", "deep/c.json"].map(graphs.at));
    expect(skipped).toEqual([{ path: graphs.at("deep/data.json"), reason: "it has no nodes, so it is no graph" }]);
  });

  test("without a graph is a usage error", async () => {
    using empty = folderWith({ "readme.txt": "" });
    const { code, stderr } = await cli(["validate", empty.folder]);
    expect(code).toBe(2);
    expect(stderr).toContain("has no graph files");
  });

  test("and a glob can be named together, and a file in both is checked once", async () => {
    using graphs = folderWith({ "a.yaml": GOOD_GRAPH, "b.yaml": BAD_GRAPH });
    const { found } = await validated([graphs.at("a.yaml"), graphs.folder]);
    expect(found.map(([file]: [string]) => file)).toEqual([graphs.at("a.yaml"), graphs.at("b.yaml")]);
    expect((await validated([graphs.at("b*.yaml")])).found).toHaveLength(1);
  });
});

test("a file that is named is checked even when it does not look like a graph", async () => {
  using graphs = folderWith({ "odd.yaml": "rows: []\n" });
  const { code, found } = await validated([graphs.at("odd.yaml")]);
  expect({ code, found }).toEqual({ code: 2, found: [[graphs.at("odd.yaml"), "VERSION_MISSING@1:1"]] });
});

describe("Markdown", () => {
  const page = (...blocks: string[]) => `# Title\n\n${blocks.join("\n\nBetween.\n\n")}\n`;
  const fence = (text: string, info = "yaml") => `\`\`\`${info}\n${text}\`\`\``;

  test("has its graphs checked, with lines of the Markdown file", async () => {
    using docs = folderWith({ "guide.md": page(fence(GOOD_GRAPH), fence(BAD_GRAPH)) });
    const file = docs.at("guide.md");
    expect((await validated([file])).found).toEqual([[file, "UNKNOWN_PLUGIN@17:22"]]);
    const { stderr } = await cli(["validate", file]);
    expect(stderr).toContain("  17 |   - { id: o, plugin: prnt_sink }\n");
  });

  test("blocks that are marked no-check, of another language or without nodes are passed over", async () => {
    const blocks = [fence(BAD_GRAPH, "yaml no-check"), fence(BAD_GRAPH, "text"), fence("plugin: prnt_sink\n")];
    using docs = folderWith({ "guide.md": page(...blocks, fence(GOOD_GRAPH, "yml")) });
    expect((await cli(["validate", docs.at("guide.md")])).stdout).toEndWith(": ok, 2 nodes, 1 edge\n");
  });

  test("counts its graphs", async () => {
    using docs = folderWith({ "guide.md": page(fence(GOOD_GRAPH), fence(GOOD_GRAPH)) });
    expect((await cli(["validate", docs.at("guide.md")])).stdout).toEndWith(": ok, 2 graphs, 4 nodes, 2 edges\n");
  });

  test("that is named and shows no graph is a usage error that says so", async () => {
    using docs = folderWith({ "guide.md": page("Nothing.") });
    const { code, stderr } = await cli(["validate", docs.at("guide.md")]);
    expect(code).toBe(2);
    expect(stderr).toContain("it shows no graph");
  });
});

describe("validate", () => {
  test("--set changes a value before the check", async () => {
    using graphs = folderWith({ "yard.yaml": GOOD_GRAPH });
    const { found } = await validated([graphs.at("yard.yaml"), "--set", "nodes.s.config.count=-1"]);
    expect(found).toEqual([[graphs.at("yard.yaml"), "CONFIG_VALUE@1:22"]]);
  });

  test("--env-file gives variables, and wins over the environment", async () => {
    const graph = "version: 2\nnodes:\n  - id: s\n    plugin: generate_source\n    config:\n      count: ${COUNT}\n";
    using graphs = folderWith({ "yard.yaml": graph, ".env": "COUNT=-1\n" });
    const file = graphs.at("yard.yaml");
    expect((await validated([file])).found).toEqual([[file, "UNDEFINED_VARIABLE@6:14"]]);
    expect((await validated([file], { env: { COUNT: "3" } })).code).toBe(0);
    const both = await validated([file, "--env-file", graphs.at(".env")], { env: { COUNT: "3" } });
    expect(both.found).toEqual([[file, "CONFIG_VALUE@6:14"]]);
  });

  test("--env-file with a line that is none is a usage error that shows it", async () => {
    using graphs = folderWith({ "yard.yaml": GOOD_GRAPH, ".env": "what is this\n" });
    const { code, stderr } = await cli(["validate", graphs.at("yard.yaml"), "--env-file", graphs.at(".env")]);
    expect(code).toBe(2);
    expect(stderr).toContain("  1 | what is this\n");
  });

  test("--max-graph-bytes bounds a file", async () => {
    using graphs = folderWith({ "yard.yaml": GOOD_GRAPH });
    const { found } = await validated([graphs.at("yard.yaml"), "--max-graph-bytes", "50"]);
    expect(found).toEqual([[graphs.at("yard.yaml"), "FILE_TOO_LARGE@1:1"]]);
  });

  test("--strict looks for the files that nodes read, beside the graph", async () => {
    const graph = GOOD_GRAPH.replace(
      "generate_source, config: { count: 2 }",
      "file_source, config: { path: in.csv, format: csv }",
    );
    using graphs = folderWith({ "without/yard.yaml": graph, "with/yard.yaml": graph, "with/in.csv": "a\n1\n" });
    const without = graphs.at("without/yard.yaml");
    expect((await validated([without])).code).toBe(0);
    expect((await validated([without, "--strict"])).found).toEqual([[without, "RESOURCE_MISSING@3:51"]]);
    expect((await validated([graphs.at("with/yard.yaml"), "--strict"])).code).toBe(0);
  });

  test("--plugins takes plugins from another folder than the graph's", async () => {
    const graph = GOOD_GRAPH.replace("edges:", "  - { id: t, plugin: twice:Twice }\nedges:");
    using graphs = folderWith({ "yard.yaml": graph, "own/none.txt": "" });
    const beside = await validated([graphs.at("yard.yaml")]);
    expect(beside.found[0][1]).toStartWith("UNKNOWN_PLUGIN@5");
    const { stderr } = await cli(["validate", graphs.at("yard.yaml"), "--plugins", graphs.at("own")]);
    expect(stderr).toContain(`${graphs.at("own")} has no twice.ts`);
  });
});
