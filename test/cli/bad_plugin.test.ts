import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { binary, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const GRAPH = `version: 2
nodes:
  - { id: s, plugin: generate_source, config: { count: 3 } }
  - { id: p, plugin: "bad:Bad" }
  - { id: o, plugin: print_sink, config: { format: payload } }
edges: [{ from: s, to: p }, { from: p, to: o }]
`;
/** Where the plugin stands in it. */
const PLACE = "4:22";

/** A plugin whose node does `process`; `create` stands in front of it. */
const plugin = (
  process: string,
  { create = "", close = "" } = {},
) => `import { ANY, defineNode, port, v } from "schnitzel";
export const Bad = defineNode({
  name: "bad",
  kind: "transform",
  doc: "Goes wrong.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "In.") },
  outputs: { out: port(ANY, "Out.") },
  examples: [],
  create(config, context) {
    ${create}
    return { process(packet, emit) { ${process} }, close() { ${close} } };
  },
});
`;

/** Runs the graph with `plugins/bad.ts`, every plugin allowed. */
async function runWith(text: string, flags: string[] = [], graph = GRAPH) {
  using folder = folderWith({ "g.yaml": graph, "plugins/bad.ts": text });
  fs.chmodSync(folder.at("plugins/bad.ts"), 0o644);
  const args = ["run", "g.yaml", "--report-json", "--dead-letters", "letters.jsonl", ...flags];
  const ran = await run(args, { cwd: folder.folder, env: { ALLOW_ALL_PLUGINS: "true" } });
  const printed = ran.stdout.split("\n").filter((line) => line !== "");
  const report = printed.at(-1)?.startsWith('{"ts"') ? JSON.parse(printed.pop()!) : undefined;
  const read = (file: string) => (fs.existsSync(folder.at(file)) ? fs.readFileSync(folder.at(file), "utf8") : "");
  const letters = read("letters.jsonl")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  return { ...ran, printed, report, letters, written: read("report.json") };
}

describe("a plugin that cannot be loaded ends with code 2 at its place:", () => {
  test.each([
    ["it throws", 'throw new Error("no licence file");', "threw while loading: Error: no licence file"],
    ["it loops for ever", "for (;;) {}", "did not finish within 5000 ms when it was loaded on trial"],
    ["it ends the process", "process.exit(0);", "ended the process (exit code 0) instead of finishing"],
    ["it is no program", "syntax error here", 'is not valid: line 1, column 8: Expected ";" but found "error"'],
    ["it imports more than it may", 'import fs from "node:fs";', 'imports "node:fs": only "schnitzel" is allowed'],
    ["it exports no node", "export const Bad = 1;", "exports no node"],
  ])(
    "%s",
    async (_, text, reason) => {
      const { code, stderr, printed } = await runWith(text);
      expect([code, printed]).toEqual([2, []]);
      expect(stderr).toContain(`g.yaml:${PLACE} PLUGIN_LOAD_FAILED\nCannot load plugin "bad" as bad.ts ${reason}`);
    },
    20_000,
  );

  test("it was written for another API", async () => {
    const { code, stderr } = await runWith('export const api = "9.0";\nexport const Bad = 1;');
    expect([code, stderr.includes(`g.yaml:${PLACE} PLUGIN_API_MISMATCH`)]).toEqual([2, true]);
  });

  test("nothing allows it", async () => {
    using folder = folderWith({ "g.yaml": GRAPH, "plugins/bad.ts": plugin("emit.out(packet);") });
    const env = { ALLOW_ALL_PLUGINS: undefined, ALLOWED_PLUGIN_PREFIXES: undefined };
    const { code, stderr } = await run(["run", "g.yaml"], { cwd: folder.folder, env });
    expect([code, stderr.split("\n")[0]]).toEqual([2, `g.yaml:${PLACE} PLUGIN_NOT_ALLOWED`]);
  });
});

describe("a node that goes wrong with a packet:", () => {
  test.each([
    ["throws", 'if (packet.payload.i === 1) throw new Error("sensor gone"); emit.out(packet);', "sensor gone"],
    [
      "rejects",
      'return packet.payload.i === 1 ? Promise.reject(new Error("no answer")) : void emit.out(packet);',
      "no answer",
    ],
    ["throws what is no error", "if (packet.payload.i === 1) throw null; emit.out(packet);", "null"],
    [
      "emits what is no packet",
      "emit.out(packet.payload.i === 1 ? { hello: 1 } : packet);",
      'emit.out takes packets only, field "packet_id" must be a string, got undefined; make one with ctx.packet({ … })',
    ],
    [
      "returns an array",
      "if (packet.payload.i === 1) return [packet]; emit.out(packet);",
      "process returned an array: return nothing, a promise or an iterator of packets",
    ],
  ])("it %s, the packet is set aside and the run goes on", async (_, process, reason) => {
    const { code, report, letters, printed } = await runWith(plugin(process));
    expect([code, report.status, printed]).toEqual([0, "degraded", ['{"i":0}', '{"i":2}']]);
    expect(letters).toMatchObject([{ node_id: "p", reason, attempts: 1, packet: { payload: { i: 1 } } }]);
    expect(report.dead_letters).toMatchObject({ total: 1, first: [{ node: "p", reason }] });
    expect(report.errors).toMatchObject([{ node: "p", count: 1, last_message: reason }]);
  });

  test("it emits after the run is over, which is counted and goes nowhere", async () => {
    const late = { create: "let kept;", close: "kept.out(context.packet({ kind: 'late', payload: 1 }));" };
    const { code, report, printed } = await runWith(plugin("kept = emit; emit.out(packet);", late));
    expect([code, report.status, printed.length]).toEqual([0, "degraded", 3]);
    expect(report.late_emits).toEqual([{ node: "p", packets: 1 }]);
  });

  test("it cannot be created, and the run ends with code 1 before it begins", async () => {
    const { code, report, printed } = await runWith(plugin("", { create: 'throw new Error("no device");' }));
    expect([code, printed, report.status]).toEqual([1, [], "error"]);
    expect(report.error).toBe('cannot create node "p" (bad): no device');
  });

  test("it cannot be closed, which is an error of the node after all packets", async () => {
    const { report, printed } = await runWith(plugin("emit.out(packet);", { close: 'throw new Error("stuck");' }));
    expect([report.status, printed.length]).toEqual(["degraded", 3]);
    expect(report.errors).toMatchObject([{ node: "p", last_message: "close failed: stuck" }]);
  });

  test("it throws where nobody can catch it, and the run fails with its report", async () => {
    const text = plugin('Promise.reject(new Error("floating")); emit.out(packet);');
    const { code, report } = await runWith(text, [], GRAPH.replace("count: 3", "count: 3, rate: 20"));
    expect([code, report.status]).toEqual([1, "error"]);
    expect(report.error).toContain("floating");
  });

  test("--fail-degraded turns a packet that was set aside into code 4", async () => {
    const { code, report } = await runWith(plugin('throw new Error("no");'), ["--fail-degraded"]);
    expect([code, report.dead_letters.total]).toEqual([4, 3]);
  });
});

describe("a plugin whose definition gives nonsense is a finding at its node:", () => {
  const odd = "throw Object.create(null);";
  test.each([
    [
      "config throws",
      "v.strictObject({})",
      `v.pipe(v.strictObject({}), v.transform(() => { ${odd} }))`,
      "its config failed",
    ],
    ["check throws", "examples: [],", `examples: [], check() { ${odd} },`, "its check failed"],
    ["check gives null", "examples: [],", "examples: [], check: () => null,", "its check failed: it gave no list"],
    ["check gives numbers", "examples: [],", "examples: [], check: () => [5],", "its check failed: it gave no list"],
    ["outputs throws", '{ out: port(ANY, "Out.") }', `() => { ${odd} }`, "its outputs failed"],
    ["outputs gives null", '{ out: port(ANY, "Out.") }', "() => null", "its outputs failed: it gave no map of ports"],
    ["outputs gives numbers", '{ out: port(ANY, "Out.") }', "() => ({ out: 5 })", "its outputs failed: it gave no map"],
  ])("its %s", async (_, sound, odd, reason) => {
    const { code, stderr } = await runWith(plugin("").replace(sound, odd));
    expect(code).toBe(2);
    expect(stderr).toContain("CONFIG_CHECK");
    expect(stderr).toContain(`Cannot create node "p" (bad) as ${reason}`);
  });
});

test("a plugin whose metrics loop for ever when the report asks for them is ended, too", async () => {
  const counted = "metrics: () => { asked += 1; if (asked > 1) for (;;); return {}; }, process(packet, emit)";
  const text = plugin("emit.out(packet);", { create: "let asked = 0;" }).replace("process(packet, emit)", counted);
  const { code, stderr } = await runWith(text, ["--stall-seconds", "2"]);
  expect(code).toBe(1);
  expect(stderr).toContain("NODE_STALLED");
});

test("a plugin whose process loops for ever is named, reported and ended with code 1", async () => {
  const startMs = performance.now();
  const { code, stderr, report, written } = await runWith(plugin("for (;;) {}"), [
    "--stall-seconds",
    "2",
    "--report",
    "report.json",
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/NODE_STALLED node "p" has not returned from its call for 1(\.\d)? s; nothing else can run/);
  expect(stderr).toMatch(
    /NODE_STALLED node "p" held the run for 2(\.\d)? s: the process ends with code 1; mend the node/,
  );
  expect(report).toMatchObject({ status: "error", stop_reason: "stalled", graph: "g.yaml" });
  expect(report.error).toStartWith('NODE_STALLED: node "p" held the run for 2');
  expect(JSON.parse(written)).toEqual(report);
  expect(performance.now() - startMs).toBeLessThan(10_000);
});

test("a node whose promise never settles costs no processor time, and is left behind at the end of the drain", async () => {
  using folder = folderWith({ "g.yaml": GRAPH, "plugins/bad.ts": plugin("return new Promise(() => {});") });
  fs.chmodSync(folder.at("plugins/bad.ts"), 0o644);
  const args = ["run", "g.yaml", "--max-seconds", "1.5", "--drain-seconds", "1", "--report", "report.json"];
  const child = Bun.spawn([binary(), ...args], {
    cwd: folder.folder,
    env: { ...process.env, ALLOW_ALL_PLUGINS: "true" },
    stderr: "ignore",
  });
  expect(await child.exited).toBe(0);
  const report = JSON.parse(fs.readFileSync(folder.at("report.json"), "utf8"));
  expect(report).toMatchObject({
    status: "degraded",
    stop_reason: "max_seconds",
    drops: [{ node: "p", reason: "drain_deadline", packets: 3 }],
  });
  expect(report.duration_ms).toBeGreaterThan(2_400);
  // Spinning for 2.5 s would be 2,500 ms; start, trial of the plugin and end are about 100.
  expect(Number(child.resourceUsage()!.cpuTime.total) / 1_000).toBeLessThan(1_000);
});
