import { afterAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  CODES,
  compileGraph,
  type Diagnostic,
  type DiagnosticCode,
  parseEnvFile,
  readGraphFile,
} from "../../src/graph/index.ts";
import { migrate } from "../../src/migrate/index.ts";
import { readTestFile } from "../../src/trial/index.ts";
import { testCatalogue } from "../support/catalogue.ts";
import { compile, graphWithLimit } from "../support/graph.ts";
import { graphFolder } from "../support/graph_folder.ts";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "graph_codes_"));
afterAll(() => fs.rmSync(dir, { recursive: true }));

type Fixture = string | (() => Promise<readonly Diagnostic[]> | readonly Diagnostic[]);

function file(name: string, bytes: Uint8Array, options = {}): Fixture {
  return () => {
    fs.writeFileSync(path.join(dir, name), bytes);
    return readGraphFile(path.join(dir, name), options).diagnostics ?? [];
  };
}

const set = (argument: string) => async () =>
  (await compile(graphWithLimit("{ limit: 1 }"), { set: [argument] })).diagnostics;

/** A graph that brings in a file with this in it; also in that many folders below. */
const used =
  (part: string, levels = 0) =>
  async () => {
    const at = Array.from({ length: levels + 1 }, (_, level) => `${"n/".repeat(level)}part.yaml`);
    using project = graphFolder({
      "graph.yaml": "version: 2\nnodes: [{ id: u, use: part.yaml }]",
      ...Object.fromEntries(at.map((name) => [name, `version: 2\n${part}`])),
    });
    return (await project.compile()).diagnostics;
  };
const nodes = (...list: string[]) => `version: 2\nnodes:\n${list.map((node) => `  - { ${node} }\n`).join("")}`;
const C = "id: c, plugin: counter";
const L = "id: l, plugin: limit, config: { limit: 1 }";
const S = "id: s, plugin: show";
const OLD = "schnitzel_stream.nodes.dev:";
const board = (cells: string, uses: string) =>
  `${nodes(C, `id: x, plugin: cells, config: { ${uses} }`)}edges: [{ from: c, to: x }]\nblackboard: { ${cells} }\n`;
const edges = (...list: string[]) => `edges:\n${list.map((edge) => `  - { ${edge} }\n`).join("")}`;

/** A test file beside a graph of the nodes c and s. */
const ofTest = (text: string) => async () => {
  fs.writeFileSync(path.join(dir, "tested.yaml"), nodes(C, S) + edges("from: c, to: s"));
  const source = { text: `graph: tested.yaml\n${text}`, path: path.join(dir, "a.test.yaml"), baseDir: dir };
  const { diagnostics } = await readTestFile(source, (graph) => compileGraph(graph, { catalogue: testCatalogue() }));
  return diagnostics;
};

/** A file of the predecessor, in a folder without anything else. */
const ofOld = (text: string) => async () => {
  const source = { text, path: "old.yaml", baseDir: dir };
  const options = { catalogue: testCatalogue(), env: {}, cwd: dir, target: "old.yaml" };
  return (await migrate(source, options)).diagnostics;
};

/** For every code there is an input that gives it; the type makes a new code ask for one. */
const FIXTURES: Record<DiagnosticCode, Fixture> = {
  FILE_NOT_FOUND: () => readGraphFile(path.join(dir, "none")).diagnostics ?? [],
  FILE_UNREADABLE: () => readGraphFile(dir).diagnostics ?? [],
  FILE_EMPTY: "",
  FILE_TOO_LARGE: file("large", new Uint8Array(20).fill(35), { maxBytes: 10 }),
  FILE_NOT_TEXT: file("binary", new Uint8Array([0, 1, 2])),
  YAML_SYNTAX: "nodes: [ { id: cam ]",
  YAML_TAB: "nodes:\n\t- id: cam",
  TOO_DEEP: "[".repeat(40),
  TOO_MANY_ALIASES: `a: &a 1\nb: [${"*a,".repeat(30)}]`,
  EXPANSION_TOO_LARGE: `vars: { a: [${"1,".repeat(60_000)}], b: ["\${vars.a}", "\${vars.a}"] }\n${nodes(C)}`,
  DUPLICATE_KEY: "a: 1\na: 2",
  MULTIPLE_DOCUMENTS: "a: 1\n---\nb: 2",
  MERGE_KEY: "a: { <<: {} }",
  UNSUPPORTED_TAG: "a: !!timestamp 2026-01-01",
  BAD_KEY: "? [a]\n: 1",
  V1_GRAPH: "version: 1\njob: a:B",
  MIGRATE_VALUE: ofOld("version: 1\njob: my.job:Mine"),
  MIGRATE_FILE: ofOld("version: 1\njob: schnitzel_stream.jobs.legacy_ai_pipeline:LegacyAIPipelineJob"),
  VERSION_MISSING: "nodes: []",
  BAD_VERSION: "version: 9",
  BAD_SHAPE: "version: 2\nnodes: { a: b }",
  MISSING_KEY: nodes("id: c"),
  UNKNOWN_KEY: nodes(`${C}, confg: {}`),
  NOT_BUILT_IN_YET: `mesh: {}\n${nodes(C)}`,
  USE_CYCLE: used("nodes: [{ id: again, use: part.yaml }]"),
  USE_TOO_LARGE: used(`nodes: [${"{ id: d, use: n/part.yaml },"}]`, 9),
  PARAMETER_VALUE: used("parameters: { p: { type: integer, default: x } }"),
  BAD_EXPOSED_PORT: used("ports: { out: { o: c.none } }\nnodes: [{ id: c, plugin: counter }]"),
  UNKNOWN_PROFILE: `profile: night\n${nodes(C)}`,
  PROFILE_MATCHES_NOTHING: `profile: p\nprofiles: { p: { nodes: [{ match: { node: x } }] } }\n${nodes(C)}`,
  SHADOWED_ALIAS: nodes(`${C}, node_id: d`),
  SLOPPY_SHAPE: `edges: none\n${nodes(`id: c, plugin: "${OLD}Counter", kind: source`)}`,
  NUMBER_PRECISION: nodes(`${C}, config: { items: [12345678901234567890] }`),
  UNDEFINED_VARIABLE: nodes(`${C}, config: { label: "\${NOPE}" }`),
  BAD_INTERPOLATION: nodes(`${C}, config: { label: "\${A-B}" }`),
  VARIABLE_CYCLE: `vars: { a: "\${vars.a}" }\n${nodes(C)}`,
  VARIABLE_FILE: nodes(`${C}, config: { label: "\${file:none}" }`),
  SET_SYNTAX: set("vars"),
  SET_UNKNOWN_PATH: set("vars.none=1"),
  ENV_FILE_SYNTAX: () => parseEnvFile("what is this").diagnostics,
  COERCED: nodes(`id: c, plugin: "${OLD}Counter", kind: source, config: { count: '5' }`),
  UNKNOWN_PLUGIN: nodes("id: c, plugin: countr"),
  PLUGIN_NOT_ALLOWED: nodes('id: c, plugin: "forbidden:Node"'),
  PLUGIN_LOAD_FAILED: nodes('id: c, plugin: "broken:Node"'),
  PLUGIN_API_MISMATCH: nodes('id: c, plugin: "future:Node"'),
  NODE_NOT_BUILT_IN_YET: nodes(`id: c, plugin: "${OLD}Later"`),
  CONFIG_VALUE: nodes(`${C}, config: { count: -1 }`),
  CONFIG_CHECK: nodes(C, "id: w, plugin: when, config: { when: a ? b }"),
  RESOURCE_MISSING: async () =>
    (await compile(nodes("id: f, plugin: reader, config: { path: none.csv }"), { resources: true })).diagnostics,
  KIND_MISMATCH: nodes(`${C}, kind: sink`),
  INTERCEPTOR_MISFIT: `egress: [{ plugin: show }]\n${nodes(C, S) + edges("from: c, to: s")}`,
  INTERCEPTOR_UNUSED: `egress: [{ match: { node: x }, plugin: show }]\n${nodes(C, S) + edges("from: c, to: s")}`,
  RUNTIME_UNUSED: nodes(`${C}, runtime: { inbox: {} }`),
  EMPTY_GRAPH: "version: 2",
  DUPLICATE_ID: nodes(C, C),
  BAD_ID: nodes("id: a.b, plugin: counter"),
  UNKNOWN_NODE: nodes(C) + edges("from: c, to: x"),
  EDGE_INTO_SOURCE: nodes(C, L) + edges("from: l, to: c"),
  EDGE_OUT_OF_SINK: nodes(C, L, S) + edges("from: s, to: l"),
  SELF_LOOP: nodes(C, L) + edges("from: l, to: l"),
  CYCLE_WITHOUT_DELAY: nodes(C, L, L.replace("l,", "m,")) + edges("from: l, to: m", "from: m, to: l"),
  DURABLE_IN_CYCLE:
    nodes(C, L, "id: h, plugin: hold") + edges("from: c, to: l", "from: l, to: h, durable: true", "from: h, to: l"),
  NO_SOURCE: nodes(S),
  INPUT_NOT_CONNECTED: nodes(C, S),
  UNREACHABLE_NODE: nodes(C, L, "id: h, plugin: hold") + edges("from: l, to: h", "from: h, to: l"),
  DUPLICATE_EDGE: nodes(C, S) + edges("from: c, to: s", "from: c, to: s"),
  THING_SHARED: nodes(C, ...["a", "b"].map((id) => `id: ${id}, plugin: diary, config: { path: x }`)),
  UNKNOWN_CELL: board("", "reads: [mode]"),
  CELL_NEVER_WRITTEN: board("mode: { type: string }", "reads: [mode]"),
  CELL_NEVER_READ: board("mode: { type: string }", "writes: [mode]"),
  CELL_SCHEMA: board("mode: { schema: { type: nmber } }", "reads: [mode], writes: [mode]"),
  CELL_INITIAL: board("mode: { type: string, initial: 1 }", "reads: [mode], writes: [mode]"),
  UNKNOWN_PORT: nodes(C, S) + edges("from: c.no, to: s"),
  AMBIGUOUS_PORT: nodes(C, "id: j, plugin: join") + edges("from: c, to: j"),
  PORT_IGNORED:
    nodes(`id: c, plugin: "${OLD}Counter", kind: source`, `id: s, plugin: "${OLD}Show"`) +
    edges("from: c, to: s, src_port: x"),
  KINDS_DO_NOT_MEET:
    nodes("id: p, plugin: camera, config: { url: x }", "id: e, plugin: events") + edges("from: p, to: e"),
  PROFILE_MISMATCH:
    nodes("id: p, plugin: camera, config: { url: x }", "id: k, plugin: store") + edges("from: p, to: k"),
  PAYLOAD_REF_UNUSED: nodes(C, S) + edges("from: c, to: s, payload_ref: auto"),
  DURABLE_ADVISED: nodes("id: w, plugin: webhook", "id: b, plugin: backend") + edges("from: w, to: b"),
  TEST_VALUE: ofTest("given: { c: [], x: [] }\ncases: [{ name: a, expect: { nodes: { c: { every: '1 +' } } } }]"),
  TEST_NOT_GIVEN: ofTest("cases: [{ name: a, expect: {} }]"),
  TOO_MANY_FINDINGS: nodes(...Array.from({ length: 1_100 }, () => C)),
  INTERNAL: async () => {
    const failing = { ...testCatalogue(), prepare: () => Promise.reject(new Error("disk on fire")) };
    return (await compile(nodes(C), { catalogue: failing })).diagnostics;
  },
};

test.each(Object.entries(FIXTURES) as [DiagnosticCode, Fixture][])(
  "%s is found in its fixture",
  async (code, fixture) => {
    const diagnostics = typeof fixture === "string" ? (await compile(fixture)).diagnostics : await fixture();
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
  },
);

test("every code has a fixture", () => {
  expect(Object.keys(FIXTURES).sort()).toEqual(Object.keys(CODES).sort());
});

test("a fault of schnitzel itself refuses the graph and says what failed", async () => {
  const catalogue = {
    ...testCatalogue(),
    resolve: () => {
      throw new Error("disk on fire");
    },
  };
  const { plan, diagnostics } = await compile(nodes(C), { catalogue });
  expect(plan).toBeUndefined();
  expect(diagnostics).toMatchObject([{ code: "INTERNAL", message: expect.stringContaining("disk on fire") }]);
});
