import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, runCommand } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const COMMAND = [process.execPath, path.join(ROOT, "src/main.ts"), "run"];
const ENV = { ALLOW_ALL_PLUGINS: "true", NO_COLOR: "1" };

/** A plugin that does what its config says. */
const PLUGIN = `import { defineNode, port, v } from "schnitzel";
const deeds = {
  pass: (packet, emit) => emit.out(packet),
  loop: () => { for (;;); },
  never: () => new Promise(() => {}),
  throw: () => { throw new Error("lens is dirty"); },
  float: (packet, emit) => { Promise.reject(new Error("nobody awaits this")); emit.out(packet); },
  exit: () => process.exit(0),
};
export const Deed = defineNode({
  name: "deed", kind: "transform", doc: "Does what it is told.",
  config: v.strictObject({ deed: v.string() }),
  inputs: { in: port("*", "Packets.") }, outputs: { out: port("*", "Packets.") }, examples: [],
  create: ({ deed }) => ({ process: deeds[deed] }),
});
`;

/** A folder with a graph: numbers, a node with that deed, stdout. */
function project(deed: string, { count = 3, runtime = "{}" } = {}) {
  return folderWith({
    "plugins/deed.ts": PLUGIN,
    "yard.yaml": `version: 2
nodes:
  - { id: numbers, plugin: generate_source, config: { count: ${count} } }
  - { id: work, plugin: "deed:Deed", config: { deed: ${deed} }, runtime: ${runtime} }
  - { id: show, plugin: print_sink, config: { format: payload } }
edges: [{ from: numbers, to: work }, { from: work, to: show }]
`,
  });
}

type Project = ReturnType<typeof project>;

const runIn = ({ folder }: Project, ...args: string[]) =>
  runCommand([...COMMAND, "yard.yaml", ...args], { cwd: folder, env: ENV, timeoutMs: 20_000 });

const report = (stdout: string) => JSON.parse(stdout.trim().split("\n").at(-1)!);

test("run ends with code 0 and a report as the last line", async () => {
  using yard = project("pass");
  const { code, stdout } = await runIn(yard, "--report-json", "--seed", "7");
  expect(stdout.split("\n").slice(0, 3)).toEqual(['{"i":0}', '{"i":1}', '{"i":2}']);
  expect(report(stdout)).toMatchObject({ status: "ok", stop_reason: "end_of_input", seed: 7, error: null });
  expect(code).toBe(0);
});

test("run says where a file is missing, with its place in the graph, and starts as it may come later", async () => {
  using yard = folderWith({
    "yard.yaml": `version: 2
nodes:
  - { id: table, plugin: file_source, config: { path: in.csv, format: csv } }
  - { id: show, plugin: print_sink }
edges: [{ from: table, to: show }]
`,
  });
  const { code, stderr } = await runIn(yard);
  expect(stderr).toStartWith("yard.yaml:3:55 RESOURCE_MISSING (warning)\n");
  expect(stderr).toContain('Look at node "table" (file_source): config.path names a file that is not there: ');
  expect(stderr).toContain(yard.at("in.csv"));
  expect(stderr).toContain("hint: relative paths start at the graph file's folder");
  expect(stderr).toContain('source "table" failed');
  expect(code).toBe(1);
});

test("run tells where the pictures are to be seen, when there are some", async () => {
  using yard = folderWith({
    "yard.yaml": `version: 2
nodes:
  - { id: scene, plugin: video_test_source, config: { max_frames: 1 } }
  - { id: show, plugin: live_view }
edges: [{ from: scene, to: show }]
`,
  });
  const { code, stderr } = await runIn(yard, "--http", "127.0.0.1:0");
  expect(stderr).toMatch(/http server listens url=(http:\/\/127\.0\.0\.1:\d+) live=\1\/live\n/);
  expect(code).toBe(0);
});

test("run --max-packets 0 sends nothing and is fine", async () => {
  using yard = project("pass");
  const { code, stdout } = await runIn(yard, "--report-json", "--max-packets", "0");
  expect(report(stdout)).toMatchObject({ status: "ok", stop_reason: "max_packets", sources: [{ emitted: 0 }] });
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(code).toBe(0);
});

test("run with a node that fails sets packets aside, says why and ends degraded", async () => {
  using yard = project("throw");
  const { code, stdout, stderr } = await runIn(
    yard,
    "--report-json",
    "--fail-degraded",
    "--dead-letters",
    "dead.jsonl",
  );
  expect(report(stdout)).toMatchObject({ status: "degraded", dead_letters: { total: 3 } });
  expect(stderr).toContain("[work] set aside packet_id=");
  expect(stderr).toContain('reason="lens is dirty"');
  expect(fs.readFileSync(yard.at("dead.jsonl"), "utf8").trim().split("\n")).toHaveLength(3);
  expect(code).toBe(4);
});

test("run with a node that may not fail ends with code 1, a report and the reason", async () => {
  using yard = project("throw", { runtime: "{ on_error: fail }" });
  const { code, stderr } = await runIn(yard, "--report", "report.json");
  expect(stderr).toContain('node "work" failed: lens is dirty');
  expect(JSON.parse(fs.readFileSync(yard.at("report.json"), "utf8"))).toMatchObject({
    status: "error",
    error: 'node "work" failed: lens is dirty',
  });
  expect(code).toBe(1);
});

test("run with a node that loops for ever names it, reports and ends with code 1", async () => {
  using yard = project("loop");
  const { code, stdout, stderr } = await runIn(yard, "--report-json", "--stall-seconds", "2");
  expect(stderr).toContain('NODE_STALLED node "work" held the run');
  expect(report(stdout)).toMatchObject({ status: "error", stop_reason: "stalled" });
  expect(code).toBe(1);
});

test("run with a rejection that nobody awaits ends with code 1 and a report", async () => {
  using yard = project("float");
  const { code, stdout } = await runIn(yard, "--report-json");
  expect(report(stdout)).toMatchObject({ status: "error", error: expect.stringContaining("nobody awaits this") });
  expect(code).toBe(1);
});

test("run with a node that calls process.exit ends with code 1 and a report", async () => {
  using yard = project("exit");
  const { code, stdout } = await runIn(yard, "--report-json");
  expect(report(stdout)).toMatchObject({ status: "error", error: expect.stringContaining("process.exit") });
  expect(code).toBe(1);
});

test("run says that its address is taken, ends with code 3 and starts no node", async () => {
  using yard = project("pass");
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { code, stdout, stderr } = await runIn(yard, "--report-json", "--http", `127.0.0.1:${taken.port}`);
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toContain(`${taken.port}`);
});

test("run says before it starts that a file for its results cannot be written", async () => {
  using yard = project("pass");
  for (const flag of ["--report", "--dead-letters"]) {
    const { code, stdout, stderr } = await runIn(yard, flag, "no/such/folder.json");
    expect(stderr).toContain(`cannot write ${flag} ${yard.at("no/such/folder.json")}`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  }
});

/** Starts a run that does not end by itself. */
function started(yard: Project, ...args: string[]) {
  return Bun.spawn([...COMMAND, "yard.yaml", "--report-json", ...args], {
    cwd: yard.folder,
    env: { ...process.env, ...ENV },
    stdout: "pipe",
    stderr: "pipe",
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
}

/** Reads a stream until it holds `text`; what was read, and a function that reads the rest. */
async function readUntil(stream: ReadableStream<Uint8Array>, text: string) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let read = "";
  const more = async () => {
    const { done, value } = await reader.read();
    if (value !== undefined) read += decoder.decode(value, { stream: true });
    return !done;
  };
  while (!read.includes(text) && (await more()));
  return async () => {
    while (await more());
    return read;
  };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`run drains on ${signal}, reports and ends with code 0`, async () => {
    using yard = project("pass", { count: 1_000_000_000 });
    const child = started(yard, "--set", "nodes.numbers.config.rate=1000");
    const rest = await readUntil(child.stdout, '{"i":5}');
    child.kill(signal);
    const [stdout] = [await rest(), await child.stderr.text()];
    expect(await child.exited).toBe(0);
    const { metrics, ...said } = report(stdout);
    expect(said).toMatchObject({ status: "ok", stop_reason: "signal" });
    expect(stdout.trim().split("\n")).toHaveLength(metrics["node.numbers.produced"] + 1);
  }, 20_000);
}

test("run ends at once on the second signal", async () => {
  using yard = project("never");
  const child = started(yard, "--drain-seconds", "600", "--stall-seconds", "0");
  await Bun.sleep(1_000);
  child.kill("SIGINT");
  const rest = await readUntil(child.stderr, "once more ends at once");
  child.kill("SIGINT");
  expect(await rest()).toContain("ending at once, without a report: a second signal came");
  expect(await child.exited).toBe(130);
}, 20_000);

test("run cuts a drain that takes longer than --drain-seconds and counts what it left", async () => {
  using yard = project("never");
  const child = started(yard, "--drain-seconds", "0.2");
  await Bun.sleep(1_000);
  child.kill("SIGTERM");
  const stdout = await child.stdout.text();
  expect(report(stdout)).toMatchObject({
    status: "degraded",
    drops: [{ node: "work", reason: "drain_deadline", packets: 3 }],
  });
  expect(await child.exited).toBe(0);
}, 20_000);

test("run ends quietly when the reader of its stdout goes away", async () => {
  using yard = project("pass", { count: 1_000_000_000 });
  const line = `${COMMAND.map((word) => `'${word}'`).join(" ")} yard.yaml --report report.json | head -n 2`;
  const { code, stdout, stderr } = await runCommand(["bash", "-o", "pipefail", "-c", line], {
    cwd: yard.folder,
    env: ENV,
    timeoutMs: 20_000,
  });
  expect(stdout).toBe('{"i":0}\n{"i":1}\n');
  expect(stderr).toMatch(/^Plugins from .*\nyard: ok \(.*stopped by stdout_closed\)\n$/);
  expect(JSON.parse(fs.readFileSync(yard.at("report.json"), "utf8"))).toMatchObject({ stop_reason: "stdout_closed" });
  expect(code).toBe(0);
});

test("run fails with its report when stdout is a full disk", async () => {
  using yard = project("pass");
  const line = `${COMMAND.map((word) => `'${word}'`).join(" ")} yard.yaml --report report.json > /dev/full`;
  const { code, stderr } = await runCommand(["bash", "-c", line], { cwd: yard.folder, env: ENV, timeoutMs: 20_000 });
  expect(stderr).toContain("cannot write to stdout: ENOSPC");
  expect(JSON.parse(fs.readFileSync(yard.at("report.json"), "utf8"))).toMatchObject({ status: "error" });
  expect(code).toBe(1);
});
