import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import type { CompileOptions, Diagnostic } from "../../../src/graph/index.ts";
import { graphFolder } from "../../support/graph_folder.ts";

/** A source of numbers, and a limit on what comes of it. */
const COUNT = `version: 2
parameters:
  count: { type: integer, description: How far it counts }
  label: { type: string, default: none }
ports:
  in: { more: few.in }
  out: { few: few, rest: few.excess }
vars: { text: "\${params.label}!" }
nodes:
  - { id: c, plugin: counter, config: { count: "\${params.count}", label: "\${vars.text}" } }
  - { id: few, plugin: limit, config: { limit: 1 } }
edges:
  - { from: c, to: few }
`;
const SHOW = "  - { id: s, plugin: show }\n";
const graph = (nodes: string, edges: string) => `version: 2\nnodes:\n${nodes}${SHOW}edges:\n${edges}`;
const USE = "  - { id: yard, use: parts/count.yaml, with: { count: 7 } }\n";
const EDGE = "  - { from: yard, to: s }\n";
const USING = graph(USE, EDGE);

async function check(files: Record<string, string>, options: Partial<CompileOptions> = {}) {
  using project = graphFolder({ "parts/count.yaml": COUNT, ...files });
  return await project.compile(options);
}

/** `file:line:column CODE` of each finding. */
const told = (diagnostics: readonly Diagnostic[]) =>
  diagnostics.map(({ place, code }) => `${place.file}:${place.line}:${place.column} ${code}`);

const faults = async (files: Record<string, string>) => told((await check(files)).diagnostics);
const faultsOf = (part: string) => faults({ "graph.yaml": USING, "parts/count.yaml": part });

describe("a node with use", () => {
  test("stands for the nodes and edges of its file, called by its id and theirs", async () => {
    const { plan, diagnostics } = await check({ "graph.yaml": USING });
    expect(diagnostics).toEqual([]);
    expect(plan!.nodes.map(({ id, config }) => [id, config])).toMatchObject([
      ["yard/c", { count: 7, label: "none!" }],
      ["yard/few", { limit: 1 }],
      ["s", {}],
    ]);
    expect(plan!.edges).toMatchObject([
      { index: 0, from: 0, fromPort: "out", to: 1, toPort: "in" },
      { index: 1, from: 1, fromPort: "out", to: 2, toPort: "in" },
    ]);
  });

  test("takes the place of its nodes in the file's order, as ranks follow from it", async () => {
    const { plan } = await check({
      "graph.yaml": graph(`  - { id: a, plugin: counter }\n${USE}`, `  - { from: a, to: s }\n${EDGE}`),
    });
    expect(plan!.nodes.map(({ id }) => id)).toEqual(["a", "yard/c", "yard/few", "s"]);
  });

  test("has ports with the names that its file gives them", async () => {
    const { plan, diagnostics } = await check({
      "graph.yaml": graph(
        `  - { id: a, plugin: counter }\n${USE}`,
        "  - { from: a, to: yard.more }\n  - { from: yard.rest, to: s }\n  - { from: yard, from_port: few, to: s }\n",
      ),
    });
    expect(diagnostics).toEqual([]);
    const ends = plan!.edges.map(({ from, fromPort, to }) => [plan!.nodes[from]!.id, fromPort, plan!.nodes[to]!.id]);
    expect(ends).toEqual([
      ["yard/c", "out", "yard/few"],
      ["a", "out", "yard/few"],
      ["yard/few", "excess", "s"],
      ["yard/few", "out", "s"],
    ]);
  });

  test("may stand many times, each with values of its own", async () => {
    const uses = [1, 2, 3].map(
      (n) => `  - { id: y${n}, use: parts/count.yaml, with: { count: ${n}, label: "l${n}" } }\n`,
    );
    const edges = [1, 2, 3].map((n) => `  - { from: y${n}, to: s }\n`);
    const { plan } = await check({ "graph.yaml": graph(uses.join(""), edges.join("")) });
    expect(plan!.nodes.filter(({ id }) => id.endsWith("/c")).map(({ config }) => config)).toMatchObject([
      { count: 1, label: "l1!" },
      { count: 2, label: "l2!" },
      { count: 3, label: "l3!" },
    ]);
  });

  test("takes values from variables, from --set and from the environment", async () => {
    const using = `vars: { n: 4 }\n${USING.replace("count: 7", 'count: "${vars.n}", label: "${SITE}"')}`;
    const { plan } = await check({ "graph.yaml": using }, { env: { SITE: "12345" } });
    expect(plan!.nodes[0]!.config).toMatchObject({ count: 4, label: "12345!" });
    const { plan: set } = await check(
      { "graph.yaml": USING },
      { set: ["nodes.yard.with.count=9", "nodes.yard.with.label=x"] },
    );
    expect(set!.nodes[0]!.config).toMatchObject({ count: 9, label: "x!" });
  });

  test("fills in variables of the environment in its file, and text that only looks like one is left alone", async () => {
    const { plan } = await check(
      {
        "graph.yaml": USING.replace("count: 7", "count: 7, label: '\\${X}'"),
        "parts/count.yaml": COUNT.replace("${params.label}!", "${params.label}${N}"),
      },
      { env: { N: "5" } },
    );
    expect(plan!.nodes.map(({ config }) => config)).toMatchObject([{ label: "${X}5" }, {}, {}]);
  });

  test("hides a value that is a secret", async () => {
    const part = COUNT.replace('label: "${vars.text}"', 'label: "${params.label}", count2: 1');
    const { diagnostics, secrets } = await check(
      { "graph.yaml": USING.replace("count: 7", 'count: "${A_TOKEN}"'), "parts/count.yaml": part },
      { env: { A_TOKEN: "geheim-123" } },
    );
    expect(secrets).toEqual(["geheim-123"]);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(JSON.stringify(diagnostics)).not.toContain("geheim");
  });
});

describe("files", () => {
  const INNER = `version: 2
parameters: { n: { type: integer, default: 2 } }
ports: { in: { in: l }, out: { out: l.excess } }
nodes: [{ id: l, plugin: limit, config: { limit: "\${params.n}" } }]
`;
  const OUTER = `version: 2
ports: { in: { frames: deep }, out: { frames: deep.out } }
nodes: [{ id: deep, use: ../inner/part.yaml, with: { n: 5 } }]
`;
  const FILES = {
    "graph.yaml": graph(
      "  - { id: a, plugin: counter }\n  - { id: o, use: outer/part.yaml }\n",
      "  - { from: a, to: o }\n  - { from: o, to: s }\n",
    ),
    "outer/part.yaml": OUTER,
    "inner/part.yaml": INNER,
  };

  test("may bring in further files, from their own folder", async () => {
    const { plan, diagnostics } = await check(FILES);
    expect(diagnostics).toEqual([]);
    expect(plan!.nodes.map(({ id }) => id)).toEqual(["a", "o/deep/l", "s"]);
    expect(plan!.nodes[1]!.config).toMatchObject({ limit: 5 });
    expect(plan!.edges).toMatchObject([
      { from: 0, to: 1, toPort: "in" },
      { from: 1, fromPort: "excess", to: 2 },
    ]);
  });

  test("are in the plan's list and in its hash, a graph in one file keeps the hash of its text", async () => {
    using project = graphFolder(FILES);
    const { plan } = await project.compile();
    expect(plan!.files).toEqual(["graph.yaml", "outer/part.yaml", "inner/part.yaml"].map(project.at));
    fs.appendFileSync(project.at("inner/part.yaml"), "# changed\n");
    expect((await project.compile()).plan!.hash).not.toBe(plan!.hash);
    using alone = graphFolder({ "graph.yaml": graph("  - { id: a, plugin: counter }\n", "  - { from: a, to: s }\n") });
    const single = (await alone.compile()).plan!;
    expect(single.hash).toBe(
      new Bun.CryptoHasher("sha256").update(fs.readFileSync(alone.at("graph.yaml"))).digest("hex"),
    );
    expect(single.files).toEqual([alone.at("graph.yaml")]);
  });

  test("say where their nodes look for theirs, and that is checked there", async () => {
    const part =
      "version: 2\nports: { out: { out: r } }\nnodes: [{ id: r, plugin: reader, config: { path: rows.txt } }]\n";
    const files = { "graph.yaml": USING.replace(", with: { count: 7 }", ""), "parts/count.yaml": part };
    const { plan, diagnostics } = await check({ ...files, "parts/rows.txt": "" }, { resources: true });
    expect(diagnostics).toEqual([]);
    expect(plan!.nodes.map(({ folder }) => folder)).toEqual(["parts", undefined]);
    const { diagnostics: missing } = await check({ ...files, "rows.txt": "" }, { resources: true });
    expect(told(missing)).toEqual(["parts/count.yaml:3:50 RESOURCE_MISSING"]);
  });

  test("have paths of queues from their own folder", async () => {
    const part = COUNT.replace("to: few }", "to: few, durable: { path: q.sqlite3 } }");
    const { plan } = await check({ "graph.yaml": USING, "parts/count.yaml": part });
    expect(plan!.edges[0]!.durable!.path).toBe("parts/q.sqlite3");
  });

  test("that lead back to themselves are refused with the way", async () => {
    const loop = "version: 2\nnodes: [{ id: again, use: ../graph.yaml }]\n";
    const { diagnostics } = await check({
      "graph.yaml": graph("  - { id: o, use: sub/loop.yaml }\n", "  []\n"),
      "sub/loop.yaml": loop,
    });
    expect(told(diagnostics)).toEqual(["sub/loop.yaml:2:27 USE_CYCLE"]);
    expect(diagnostics[0]!.message).toContain("graph.yaml -> sub/loop.yaml -> graph.yaml");
    expect(diagnostics[0]!.related).toMatchObject([
      { place: { file: "graph.yaml", line: 3 }, message: 'used here as "o"' },
    ]);
  });

  test("that lead back by another name of the file are the same", async () => {
    using project = graphFolder({
      "graph.yaml": graph("  - { id: o, use: a.yaml }\n", "  []\n"),
      "a.yaml": "version: 2\nnodes: [{ id: x, use: b.yaml }]\n",
    });
    fs.symlinkSync("a.yaml", project.at("b.yaml"));
    expect(told((await project.compile()).diagnostics)).toEqual(["a.yaml:2:23 USE_CYCLE"]);
  });

  test("nest eight deep and no deeper", async () => {
    const level = (n: number) => `version: 2\nnodes: [{ id: d, use: l${n + 1}.yaml }]\n`;
    const levels = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((n) => [`l${n}.yaml`, level(n)]));
    const last = "version: 2\nnodes: [{ id: c, plugin: counter }]\n";
    const start = graph("  - { id: c, plugin: counter }\n  - { id: l, use: l1.yaml }\n", "  - { from: c, to: s }\n");
    expect(await faults({ "graph.yaml": start, ...levels, "l8.yaml": last })).toEqual([]);
    expect(await faults({ "graph.yaml": start, ...levels, "l8.yaml": level(8), "l9.yaml": last })).toEqual([
      "l8.yaml:2:23 USE_TOO_LARGE",
    ]);
  });

  test("that grow like powers are stopped, soon", async () => {
    const ten = (file: string) =>
      `version: 2\nnodes:\n${[..."abcdefghij"].map((id) => `  - { id: ${id}, use: ${file} }\n`).join("")}`;
    const levels = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((n) => [`l${n}.yaml`, ten(`l${n + 1}.yaml`)]));
    const { diagnostics, plan } = await check({
      "graph.yaml": ten("l1.yaml"),
      ...levels,
      "l8.yaml": "version: 2\nnodes: [{ id: c, plugin: counter }]\n",
    });
    expect(plan).toBeUndefined();
    expect(diagnostics.map(({ code }) => code)).toEqual(["USE_TOO_LARGE"]);
  });
});

describe("a fault in a file", () => {
  test("is told in that file, with the node that brought it in", async () => {
    const { diagnostics, texts } = await check({
      "graph.yaml": USING,
      "parts/count.yaml": COUNT.replace("limit: 1", "limit: 0"),
    });
    expect(told(diagnostics)).toEqual(["parts/count.yaml:11:48 CONFIG_VALUE"]);
    expect(diagnostics[0]!.related).toEqual([
      { place: { file: "graph.yaml", line: 3, column: 22, endLine: 3, endColumn: 38 }, message: 'used here as "yard"' },
    ]);
    expect(texts["parts/count.yaml"]).toContain("limit: 0");
  });

  test("is told once however often the file is used, and how often that is", async () => {
    const uses = [1, 2, 3].map((n) => `  - { id: y${n}, use: parts/count.yaml, with: { count: ${n} } }\n`);
    const part = COUNT.replace("limit: 1", "limit: 0").replace("plugin: counter", "plugin: countr");
    const { diagnostics } = await check({
      "graph.yaml": graph(uses.join(""), "  - { from: y1, to: s }\n"),
      "parts/count.yaml": part,
    });
    expect(told(diagnostics)).toEqual(["parts/count.yaml:10:22 UNKNOWN_PLUGIN", "parts/count.yaml:11:48 CONFIG_VALUE"]);
    expect(diagnostics[1]!.related).toMatchObject([
      { place: { line: 3 }, message: 'used here as "y1"; 2 more uses have the same fault' },
    ]);
  });

  test("that depends on a value is told where the value is used", async () => {
    const { diagnostics } = await check({ "graph.yaml": USING.replace("7", "-7") });
    expect(told(diagnostics)).toEqual(["parts/count.yaml:10:48 CONFIG_VALUE"]);
    expect(diagnostics[0]!.message).toContain('node "yard/c" (counter)');
  });

  test.each([
    ["version: 2\nnodes: [", ["parts/count.yaml:2:9 YAML_SYNTAX"]],
    ["", ["parts/count.yaml:1:1 FILE_EMPTY"]],
    ["- a\n", ["parts/count.yaml:1:1 BAD_SHAPE"]],
    ["nodes: []\n", ["parts/count.yaml:1:1 VERSION_MISSING"]],
    ["version: 1\njob: x\n", ["parts/count.yaml:1:10 V1_GRAPH"]],
    ["version: 2\nnodes: 5\n", ["parts/count.yaml:2:8 BAD_SHAPE"]],
    ["version: 2\nhttp: { listen: 127.0.0.1:1 }\n", ["parts/count.yaml:2:1 UNKNOWN_KEY"]],
    ["version: 2\nmesh: {}\n", ["parts/count.yaml:2:1 UNKNOWN_KEY"]],
    ["version: 2\nparms: {}\n", ["parts/count.yaml:2:1 UNKNOWN_KEY"]],
    ["version: 2\nparameters: []\n", ["parts/count.yaml:2:1 BAD_SHAPE"]],
    [COUNT.replace("to: few }", "to: fwe }"), ["parts/count.yaml:13:20 UNKNOWN_NODE"]],
    [COUNT.replace("id: few,", "id: a.b,"), expect.arrayContaining(["parts/count.yaml:11:11 BAD_ID"])],
    [COUNT.replace("id: few,", "id: c,"), expect.arrayContaining(["parts/count.yaml:11:11 DUPLICATE_ID"])],
    [COUNT.replace("${params.count}", "${params.cuont}"), ["parts/count.yaml:10:49 UNDEFINED_VARIABLE"]],
    [
      COUNT.replace("plugin: counter", 'plugin: "schnitzel_stream.nodes.dev:Counter"'),
      expect.arrayContaining(["parts/count.yaml:10:22 BAD_SHAPE"]),
    ],
  ])("%p", async (part, expected) => {
    const using = part.includes("parameters:\n") ? USING : USING.replace(", with: { count: 7 }", "");
    expect(await faults({ "graph.yaml": using, "parts/count.yaml": part })).toEqual(expected as never);
  });

  test("says why keys of a whole graph cannot stand there", async () => {
    const { diagnostics } = await check({
      "graph.yaml": USING.replace(", with: { count: 7 }", ""),
      "parts/count.yaml": "version: 2\ndelivery: off\n",
    });
    expect(diagnostics).toMatchObject([{ hint: "it holds for a whole graph: write it in the graph that runs" }]);
  });

  test("suggests ids of that file alone", async () => {
    const { diagnostics } = await check({
      "graph.yaml": USING,
      "parts/count.yaml": COUNT.replace("to: few }", "to: fw }"),
    });
    expect(diagnostics).toMatchObject([{ code: "UNKNOWN_NODE", hint: 'did you mean "few"?' }]);
  });
});

describe("the file of a node with use", () => {
  test.each([
    ["none.yaml", "FILE_NOT_FOUND"],
    ["parts", "FILE_UNREADABLE"],
    ["parts/binary", "FILE_NOT_TEXT"],
    ["parts/long.yaml", "FILE_TOO_LARGE"],
  ])("%s is %s, told at its name", async (file, code) => {
    using project = graphFolder({
      "graph.yaml": USING.replace("parts/count.yaml", file),
      "parts/long.yaml": `# ${"x".repeat(500)}\n`,
    });
    fs.writeFileSync(project.at("parts/binary"), new Uint8Array([0xff, 0, 1]));
    const { diagnostics } = await project.compile({ maxBytes: 400 });
    expect(told(diagnostics)).toEqual([`graph.yaml:3:22 ${code}`]);
    expect(diagnostics[0]!.message).toContain(`"${file}"`);
  });

  test("that is missing is told at each use", async () => {
    const two = graph(
      USE.replace("count.yaml", "cuont.yaml") + USE.replace("count.yaml", "cuont.yaml").replace("yard", "hall"),
      "  []\n",
    );
    expect(await faults({ "graph.yaml": two })).toEqual([
      "graph.yaml:3:22 FILE_NOT_FOUND",
      "graph.yaml:4:22 FILE_NOT_FOUND",
    ]);
  });

  test("has at most 16 MiB with all others", async () => {
    const names = Array.from({ length: 17 }, (_, n) => `p${n}.yaml`);
    const large = `version: 2\n# ${"x".repeat(1024 * 1024 - 20)}\n`;
    const uses = names.map((name, n) => `  - { id: y${n}, use: ${name} }\n`).join("");
    const files = Object.fromEntries(names.map((name) => [name, large]));
    expect(await faults({ "graph.yaml": graph(uses, "  []\n"), ...files })).toEqual(["graph.yaml:19:21 USE_TOO_LARGE"]);
  });
});

describe("a node with use is refused", () => {
  const node = (text: string) => faults({ "graph.yaml": graph(`  - ${text}\n`, EDGE) });

  test.each([
    ["{ id: yard, use: parts/count.yaml, plugin: counter }", "graph.yaml:3:40 BAD_SHAPE"],
    ["{ id: yard, use: parts/count.yaml, config: { count: 1 } }", "graph.yaml:3:40 UNKNOWN_KEY"],
    ["{ id: yard, use: parts/count.yaml, runtime: {} }", "graph.yaml:3:40 UNKNOWN_KEY"],
    ["{ id: yard, use: 5 }", "graph.yaml:3:22 BAD_SHAPE"],
    ["{ use: parts/count.yaml }", "graph.yaml:3:7 MISSING_KEY"],
    ["{ id: yard, use: parts/count.yaml, with: [1] }", "graph.yaml:3:47 BAD_SHAPE"],
    ["{ id: yard.a, use: parts/count.yaml, with: { count: 1 } }", "graph.yaml:3:11 BAD_ID"],
    ["{ id: s, use: parts/count.yaml, with: { count: 1 } }", "graph.yaml:3:11 DUPLICATE_ID"],
    ["{ id: yard, plugin: counter, with: {} }", "graph.yaml:3:34 UNKNOWN_KEY"],
  ])("%s", async (text, expected) => {
    expect(await node(text)).toContain(expected);
  });

  test("in a graph with addresses of the predecessor", async () => {
    const old = graph(`  - { id: c, plugin: "schnitzel_stream.nodes.dev:Counter", kind: source }\n${USE}`, EDGE);
    expect(await faults({ "graph.yaml": old })).toContain("graph.yaml:4:17 BAD_SHAPE");
  });

  test("when ids on the way to a node are too long together", async () => {
    const { diagnostics } = await check({ "graph.yaml": USING.replaceAll("yard", "y".repeat(127)) });
    expect(diagnostics).toMatchObject([
      { code: "BAD_ID", place: { file: "parts/count.yaml", line: 10 } },
      { code: "BAD_ID" },
    ]);
  });
});

describe("parameters", () => {
  const given = (text: string) => faults({ "graph.yaml": USING.replace("{ count: 7 }", text) });

  test.each([
    ["{ cuont: 7 }", ["graph.yaml:3:48 UNKNOWN_KEY"]],
    ["{}", ["graph.yaml:3:46 MISSING_KEY"]],
    ["{ count: many }", ["graph.yaml:3:55 PARAMETER_VALUE"]],
    ["{ count: 1.5 }", ["graph.yaml:3:55 PARAMETER_VALUE"]],
    ["{ count: }", ["graph.yaml:3:55 PARAMETER_VALUE"]],
    ["{ count: 1, label: 5 }", ["graph.yaml:3:65 PARAMETER_VALUE"]],
    ['{ count: "${NOPE}" }', ["graph.yaml:3:56 UNDEFINED_VARIABLE"]],
  ])("given as %s", async (text, expected) => {
    const { diagnostics } = await check({ "graph.yaml": USING.replace("{ count: 7 }", text) });
    for (const fault of expected) expect(told(diagnostics)).toContain(fault);
    expect((await given(text)).length).toBeLessThanOrEqual(2);
  });

  test("that are misspelt or missing say what there is, and what it is for", async () => {
    const { diagnostics } = await check({ "graph.yaml": USING.replace("{ count: 7 }", "{ count: 1, lable: x }") });
    expect(diagnostics).toMatchObject([
      {
        message: 'Cannot use "parts/count.yaml" as with.lable is not known in with: its keys are count, label',
        hint: 'did you mean "label"?',
      },
    ]);
    const { diagnostics: missing } = await check({ "graph.yaml": USING.replace("{ count: 7 }", "{}") });
    expect(missing).toMatchObject([{ code: "MISSING_KEY", hint: "count: How far it counts" }]);
  });

  test.each([
    ["string", "x", "5"],
    ["number", "1.5", "x"],
    ["integer", "3", "3.5"],
    ["boolean", "false", "0"],
    ["list", "[1]", "{}"],
    ["map", "{ a: 1 }", "[]"],
    ["duration", "90s", "90"],
    ["bytes", "64MiB", "64 cows"],
  ])("of type %s take %s and not %s", async (type, good, bad) => {
    const part = `version: 2\nparameters: { p: { type: ${type} } }\nports: { out: { out: c } }\nnodes: [{ id: c, plugin: counter, config: { items: ["\${params.p}"] } }]\n`;
    const files = (value: string) => ({
      "graph.yaml": USING.replace("count: 7", `p: ${value}`),
      "parts/count.yaml": part,
    });
    expect(await faults(files(good))).toEqual([]);
    expect(await faults(files(bad))).toEqual([expect.stringMatching(/^graph.yaml:3:(48|51) PARAMETER_VALUE$/)]);
  });

  test.each([
    ["{ type: text }", "BAD_SHAPE"],
    ["{}", "MISSING_KEY"],
    ["text", "BAD_SHAPE"],
    ["{ type: string, defualt: x }", "UNKNOWN_KEY"],
    ["{ type: string, default: 5 }", "PARAMETER_VALUE"],
    ["{ type: string, required: true, default: x }", "BAD_SHAPE"],
    ["{ type: string, required: false }", "BAD_SHAPE"],
  ])("declared as %s are refused in the file", async (declared, code) => {
    const part = `version: 2\nparameters: { p: ${declared} }\n`;
    const found = await faultsOf(part);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^parts/count.yaml:2:\\d+ ${code}$`));
  });

  test("exist in such a file only", async () => {
    const { diagnostics } = await check({
      "graph.yaml": graph(
        '  - { id: c, plugin: counter, config: { label: "${params.x}" } }\n',
        "  - { from: c, to: s }\n",
      ),
    });
    expect(diagnostics).toMatchObject([
      { code: "UNDEFINED_VARIABLE", hint: expect.stringContaining("brought in with use") },
    ]);
  });
});

describe("ports", () => {
  const edge = (text: string) => faults({ "graph.yaml": graph(USE, `  - ${text}\n`) });
  const part = (from: string, to: string) => faultsOf(COUNT.replace(from, to));

  test.each([
    ["{ from: yard.fwe, to: s }", "graph.yaml:6:13 UNKNOWN_PORT"],
    ["{ from: yard.more, to: s }", "graph.yaml:6:13 UNKNOWN_PORT"],
    ["{ from: yard/few, to: s }", "graph.yaml:6:13 UNKNOWN_NODE"],
    ["{ from: yrad, to: s }", "graph.yaml:6:13 UNKNOWN_NODE"],
  ])("the edge %s is refused", async (text, expected) => {
    expect(await edge(text)).toEqual([expected]);
  });

  test("reached past the file say which way leads there", async () => {
    const { diagnostics } = await check({ "graph.yaml": graph(USE, "  - { from: yard/few.excess, to: s }\n") });
    expect(diagnostics[0]!.hint).toBe("edges reach what the file of yard exposes under ports: yard.PORT");
  });

  test.each([
    ["few: few,", "few: fwe,", "UNKNOWN_NODE"],
    ["rest: few.excess", "rest: few.exess", "BAD_EXPOSED_PORT"],
    ["rest: few.excess", "rest: few", "BAD_EXPOSED_PORT"],
    ["more: few.in", "more: c.in", "BAD_EXPOSED_PORT"],
    ["more: few.in", "more: few.excess", "BAD_EXPOSED_PORT"],
    ["rest: few.excess", "a.b: few.excess", "BAD_SHAPE"],
    ["rest: few.excess", "rest: [few]", "BAD_SHAPE"],
    ["  in: {", "  inn: {", "UNKNOWN_KEY"],
  ])("%s written as %s are refused in the file", async (from, to, code) => {
    const found = await part(from, to);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^parts/count.yaml:\\d+:\\d+ ${code}$`));
  });

  test("of a file that exposes none are refused with what to write", async () => {
    const { diagnostics } = await check({
      "graph.yaml": USING,
      "parts/count.yaml": COUNT.replace("  out: { few: few, rest: few.excess }\n", ""),
    });
    expect(diagnostics).toMatchObject([
      { code: "UNKNOWN_PORT", place: { file: "graph.yaml" }, hint: expect.stringContaining("ports: { out:") },
    ]);
  });

  test("an input of several must be named", async () => {
    const two = COUNT.replace("in: { more: few.in }", "in: { more: few.in, other: o.in }").replace(
      "edges:",
      "  - { id: o, plugin: show }\nedges:",
    );
    const using = graph(`  - { id: a, plugin: counter }\n${USE}`, "  - { from: a, to: yard }\n");
    expect(await faults({ "graph.yaml": using, "parts/count.yaml": two })).toEqual(["graph.yaml:7:20 AMBIGUOUS_PORT"]);
  });
});

test("a thousand uses of one file are checked in the time of their nodes", async () => {
  const uses = Array.from(
    { length: 1_000 },
    (_, n) => `  - { id: y${n}, use: parts/count.yaml, with: { count: ${n} } }\n`,
  ).join("");
  const edges = Array.from({ length: 1_000 }, (_, n) => `  - { from: y${n}, to: s }\n`).join("");
  using project = graphFolder({ "graph.yaml": graph(uses, edges), "parts/count.yaml": COUNT });
  const { plan, diagnostics } = await project.compile();
  expect([diagnostics, plan!.nodes.length, plan!.edges.length, plan!.files.length]).toEqual([[], 2_001, 2_000, 2]);
});
