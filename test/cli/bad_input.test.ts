import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith, GOOD_GRAPH } from "../support/cli.ts";
import { runPowerless } from "../support/powerless.ts";

/** What the binary says of a graph: exit code and, per finding, `CODE@line:column`. */
async function refused(graph: string | Uint8Array, flags: string[] = []) {
  using folder = folderWith({});
  fs.writeFileSync(folder.at("g.yaml"), graph);
  const { code, stdout, stderr } = await run(["run", "g.yaml", ...flags], { cwd: folder.folder });
  const found = [...stderr.matchAll(/^g\.yaml:(\d+:\d+) ([A-Z0-9_]+)$/gm)].map(([, at, name]) => `${name}@${at}`);
  return { code, stdout, stderr, found };
}

const lines = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join("");
const BOMB = `version: 2\na0: &a0 [lol, lol]\n${lines(30, (at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]\n`)}`;
const CYCLE = GOOD_GRAPH.replace(
  "edges: [",
  "  - { id: a, plugin: identity }\n  - { id: b, plugin: identity }\nedges: [{ from: s, to: a }, { from: a, to: b }, { from: b, to: a }, ",
);

describe("a graph that cannot be read:", () => {
  const cases: Record<string, [graph: string | Uint8Array, found: string]> = {
    "an empty file": ["", "FILE_EMPTY@1:1"],
    "a file of comments": ["# nothing\n\n", "FILE_EMPTY@1:1"],
    "a binary file": [new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0xff, 0xfe]), "FILE_NOT_TEXT@1:1"],
    "text with a zero in it": [`${GOOD_GRAPH}\0`, "FILE_NOT_TEXT@1:1"],
    "text in UTF-16": [new Uint8Array([0xff, 0xfe, 0x76, 0]), "FILE_NOT_TEXT@1:1"],
    "an alias bomb": [BOMB, "TOO_MANY_ALIASES@13:12"],
    "lists 5,000 deep": [`version: 2\nvars: { a: ${"[".repeat(5_000)}${"]".repeat(5_000)} }\n`, "TOO_DEEP@2:42"],
    "a key twice": [`${GOOD_GRAPH}name: a\nname: b\n`, "DUPLICATE_KEY@7:1"],
    tabs: ["version: 2\nnodes:\n\t- { id: s }\n", "YAML_TAB@3:1"],
    "a bracket that is not closed": ["version: 2\nnodes: [\n", "YAML_SYNTAX@3:1"],
    "a version of the future": [GOOD_GRAPH.replace("version: 2", "version: 3"), "BAD_VERSION@1:10"],
    "a job of version 1 without its settings": [
      "version: 1\njob: schnitzel_stream.jobs.legacy_ai_pipeline:LegacyAIPipelineJob\n",
      "MIGRATE_FILE@2:6",
    ],
  };
  test.each(Object.entries(cases))("%s ends with code 2 and its place", async (_, [graph, place]) => {
    const { code, stdout, found } = await refused(graph);
    expect({ code, stdout, found }).toEqual({ code: 2, stdout: "", found: [place] });
  });

  test("50 MB of YAML end with code 2 at once, and the message says what is allowed", async () => {
    const startMs = performance.now();
    const { code, found, stderr } = await refused(
      `version: 2\nnodes:\n${"  - { id: a, plugin: identity }\n".repeat(1_650_000)}`,
    );
    expect([code, found]).toEqual([2, ["FILE_TOO_LARGE@1:1"]]);
    expect(stderr).toContain(
      "at most 1048576 are allowed\n  hint: split the graph, or allow more with --max-graph-bytes",
    );
    // Reading and parsing all of it takes over 20 s.
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });

  test.each([
    ["nope.yaml", "FILE_NOT_FOUND"],
    ["folder", "FILE_UNREADABLE"],
    ["/dev/zero", "FILE_UNREADABLE"],
  ])("%s ends with code 2 and %s", async (file, code) => {
    using folder = folderWith({ "folder/x": "" });
    const ran = await run(["run", file], { cwd: folder.folder });
    expect([ran.code, ran.stderr.split("\n")[0]]).toEqual([2, `${file}:1:1 ${code}`]);
  });

  test("a file without the right to read it ends with code 2", async () => {
    using folder = folderWith({ "g.yaml": GOOD_GRAPH });
    fs.chmodSync(folder.at("g.yaml"), 0);
    const { code, stderr } = await runPowerless(["run", "g.yaml"], { cwd: folder.folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^g\.yaml:1:1 FILE_UNREADABLE\n.*permission denied/);
  });
});

describe("a graph with faults:", () => {
  test("unknown keys are found at every level, all at once", async () => {
    const graph = `version: 2
nmae: x
nodes:
  - id: s
    plugin: generate_source
    plugn: x
    config: { count: 2, cuont: 3 }
    runtime: { restart: { max: 1 } }
  - { id: o, plugin: print_sink, runtime: { on_eror: drop, inbox: { capcity: 3 } } }
edges: [{ from: s, too: o, to: o }]
http: { lsiten: "127.0.0.1:1", listen: "127.0.0.1:1" }
`;
    const { code, found } = await refused(graph);
    expect(code).toBe(2);
    expect(found).toEqual(
      ["2:1", "6:5", "7:25", "8:27", "9:45", "9:69", "10:20", "11:9"].map((place) => `UNKNOWN_KEY@${place}`),
    );
  });

  test("values of a wrong type are found for every key of every node", async () => {
    using empty = folderWith({});
    const { nodes } = JSON.parse((await run(["nodes", "--json"], { cwd: empty.folder })).stdout) as {
      nodes: { name: string; config: { properties?: Record<string, unknown> } }[];
    };
    // Any value is fine for these: what is wrong with it is for the node's own check.
    const free = ["zone_policy.zones", "reduce.initial"];
    const keys = nodes.flatMap(({ name, config }) =>
      Object.keys(config.properties ?? {})
        .filter((key) => !free.includes(`${name}.${key}`))
        .map((key) => ({ name, key })),
    );
    expect(keys.length).toBeGreaterThan(80);
    // In parts: of all errors in one graph only the first 1,000 are listed.
    const parts = Array.from({ length: Math.ceil(keys.length / 150) }, (_, at) => keys.slice(at * 150, (at + 1) * 150));
    for (const part of parts) expect(await notFound(part)).toEqual([]);
  });

  test.each([
    ["an edge to nowhere", GOOD_GRAPH.replace("to: o }", "to: x }"), "UNKNOWN_NODE@5:24"],
    ["a self loop", CYCLE.replace("from: b, to: a", "from: b, to: b"), "SELF_LOOP@7:64"],
    ["a cycle", CYCLE, "CYCLE_WITHOUT_DELAY@7:51"],
    ["a node that does not exist", GOOD_GRAPH.replace("print_sink", "prnt_sink"), "UNKNOWN_PLUGIN@4:22"],
    ["a plugin that is missing", GOOD_GRAPH.replace("print_sink", "loiter:Loiter"), "UNKNOWN_PLUGIN@4:22"],
    [
      "an undefined variable",
      GOOD_GRAPH.replace("count: 2", 'count: "${NOT_SET_ANYWHERE}"'),
      "UNDEFINED_VARIABLE@3:57",
    ],
    ["a wrong type", GOOD_GRAPH.replace("count: 2", "count: two"), "CONFIG_VALUE@3:56"],
  ])("%s ends with code 2 and its place", async (_, graph, place) => {
    const { code, stdout, found } = await refused(graph);
    expect([code, stdout]).toEqual([2, ""]);
    expect(found).toContain(place);
  });

  test("two hundred errors are all told at once", async () => {
    const graph = `version: 2\nnodes:\n  - { id: s, plugin: generate_source }\n${lines(200, (at) => `  - { id: n${at}, plugin: rate_limit, config: { limit: 0 } }\n`)}edges:\n${lines(200, (at) => `  - { from: s, to: n${at} }\n`)}`;
    const { code, found } = await refused(graph);
    expect(code).toBe(2);
    expect(found).toEqual(
      Array.from({ length: 200 }, (_, at) => `CONFIG_VALUE@${at + 4}:${at < 10 ? 52 : at < 100 ? 53 : 54}`),
    );
  });

  test("nothing of it runs, not even the part without faults", async () => {
    using folder = folderWith({
      "g.yaml": `version: 2
nodes:
  - { id: s, plugin: generate_source, config: { count: 1 } }
  - { id: o, plugin: jsonl_sink, config: { path: out.jsonl } }
  - { id: p, plugin: print_sink, config: { prefx: x } }
edges: [{ from: s, to: o }, { from: s, to: p }]
`,
    });
    expect((await run(["run", "g.yaml"], { cwd: folder.folder })).code).toBe(2);
    expect(fs.existsSync(folder.at("out.jsonl"))).toBe(false);
  });
});

/** Those of the keys whose value, a list of a map, is not told to be wrong at its place. */
async function notFound(keys: readonly { name: string; key: string }[]) {
  const nodes = keys.map(
    ({ name, key }, at) => `  - { id: n${at}, plugin: ${name}, config: { ${key}: [{ wrong: 1 }] } }\n`,
  );
  const { code, found } = await refused(`version: 2\nnodes:\n${nodes.join("")}`);
  expect(code).toBe(2);
  // A line each, and the place is the value, not the node.
  const badLines = new Set(
    found
      .filter((finding) => /^(CONFIG_VALUE|CONFIG_CHECK|UNKNOWN_KEY)@/.test(finding))
      .map((finding) => finding.replace(/.*@(\d+):(\d+)/, (_, line, column) => (Number(column) > 7 ? line : ""))),
  );
  return keys.filter((_, at) => !badLines.has(String(at + 3)));
}
