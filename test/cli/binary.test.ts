import { describe, expect, test } from "bun:test";
import * as path from "node:path";
import { ALL_CODES } from "../../src/cli/explain.ts";
import { PROBE_ARGUMENT } from "../../src/registry/index.ts";
import { binary, run, runCommand } from "../support/binary.ts";
import { folderWith, GOOD_GRAPH } from "../support/cli.ts";

describe("the binary alone in an empty folder", () => {
  test("runs the demo, which ends by itself", async () => {
    using empty = folderWith({});
    const { code, stdout, stderr } = await run(["run"], { cwd: empty.folder });
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").length).toBeGreaterThan(4);
    expect(stdout).toMatch(
      /^(open the window|start the heater) .* sensor greenhouse \{"day":1,"hour":\d+,"celsius":[\d.]+\}$/m,
    );
    expect(stderr).toContain("demo: ok (6 nodes, 5 edges");
  });

  test("writes, checks, draws and runs a graph", async () => {
    using empty = folderWith({});
    const at = { cwd: empty.folder };
    expect((await run(["new", "graph", "yard.yaml"], at)).code).toBe(0);
    expect(await run(["validate", "."], at)).toMatchObject({ code: 0, stdout: "yard.yaml: ok, 3 nodes, 2 edges\n" });
    expect((await run(["graph", "yard.yaml", "--format", "mermaid"], at)).stdout).toStartWith("flowchart LR\n");
    expect((await run(["run", "yard.yaml"], at)).stdout).toEndWith('sensor yard {"celsius":31}\n');
  });

  test("writes, checks, locks and runs a plugin", async () => {
    const graph = GOOD_GRAPH.replace(
      "edges: [{ from: s, to: o }]",
      "  - { id: t, plugin: twice:Twice, config: { field: i } }",
    ).replace("print_sink", "print_sink, config: { format: payload }");
    using project = folderWith({ "yard.yaml": `${graph}edges: [{ from: s, to: t }, { from: t, to: o }]\n` });
    const at = { cwd: project.folder };
    for (const line of ["new plugin twice", "plugin check", "plugin types", "plugin lock", "validate yard.yaml"]) {
      expect({ line, ...(await run(line.split(" "), at)) }).toMatchObject({ line, code: 0 });
    }
    expect(await run(["run", "yard.yaml"], at)).toMatchObject({ code: 0, stdout: '{"i":0}\n{"i":2}\n' });
  });

  test("is well by its own doctor, and knows its making", async () => {
    using empty = folderWith({});
    const doctor = await run(["doctor", "--json"], { cwd: empty.folder });
    expect(JSON.parse(doctor.stdout).checks[0]).toMatchObject({ name: "schnitzel", status: "ok" });
    const facts = JSON.parse((await run(["version", "--json"], { cwd: empty.folder })).stdout);
    expect(facts.commit).toMatch(/^([0-9a-f]{12}(-dirty)?|unknown)$/);
    expect(facts.target).toContain(process.arch);
    expect(facts.bun).toBe(Bun.version);
  });

  test("prints nodes, a schema and codes", async () => {
    using empty = folderWith({});
    const at = { cwd: empty.folder };
    expect((await run(["nodes", "rate_limit"], at)).stdout).toStartWith("# rate_limit\n");
    expect(JSON.parse((await run(["schema"], at)).stdout)).toHaveProperty("definitions.node");
    expect(Object.keys(JSON.parse((await run(["explain", "--json"], at)).stdout).codes)).toEqual(
      Object.keys(ALL_CODES),
    );
  });
});

test("the predecessor's flags still run and validate", async () => {
  using graphs = folderWith({ "yard.yaml": GOOD_GRAPH });
  const at = { cwd: graphs.folder };
  const ran = await run(["--graph", "yard.yaml", "--max-events", "1", "--report-json"], at);
  expect(ran.code).toBe(0);
  const lines = ran.stdout.trim().split("\n");
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[1]!)).toMatchObject({ status: "ok", metrics: { "packets.source_emitted_total": 1 } });
  const checked = await run(["--graph", "yard.yaml", "--validate-only"], at);
  expect(checked).toMatchObject({ code: 0, stdout: "yard.yaml: ok, 2 nodes, 1 edge\n" });
});

test("a graph and its findings go through standard input and output", async () => {
  const { code, stdout, stderr } = await run(["validate", "-"], { stdin: "version: 2\nnodes: [" });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "<stdin>: 1 error, 0 warnings\n" });
  expect(stderr).toStartWith("<stdin>:2:");
});

test("a reader that goes away ends a long result quietly", async () => {
  const { code, stdout, stderr } = await runCommand(["sh", "-c", '"$0" schema | head -n 1', binary()]);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "{\n", stderr: "" });
});

describe("a plugin's trial", () => {
  test("is what the first argument asks for, and nothing else happens", async () => {
    const request = JSON.stringify({ id: "p", file: "p.ts", sha256: "0", review: false });
    const { stdout } = await run([PROBE_ARGUMENT, request], { stdin: "export const nothing = 1;" });
    expect(stdout).toContain('schnitzel-probe-report:{"ok":false');
  });

  test("is recognised by main.ts as the registry spells it", async () => {
    const main = await Bun.file(path.resolve(import.meta.dir, "../../src/main.ts")).text();
    expect(main).toContain(`argv[0] === "${PROBE_ARGUMENT}"`);
  });

  test("never becomes an ordinary run, so it cannot start trials of its own", async () => {
    const { code, stdout, stderr } = await run(["run"], { env: { SCHNITZEL_PLUGIN_TRIAL: "1" } });
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("SCHNITZEL_PLUGIN_TRIAL is set");
  });
});
