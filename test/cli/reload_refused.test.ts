import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import { callControl } from "../../src/control/index.ts";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { ask, reportOf, running } from "../support/reloading.ts";
import { start } from "../support/running.ts";

const graph = (limit: number, more = "") => `version: 2
name: yard
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 200 } }
  - { id: l, plugin: rate_limit, config: { limit: ${limit} } }
  - { id: o, plugin: null_sink }
edges: [{ from: s, to: l }, { from: l, to: o }]
${more}`;

const reload = ({ folder }: { folder: string }, ...args: string[]) =>
  run(["reload", ...args, "--state-dir", "state"], { cwd: folder });

test("a file that is named is the one that is read, and not the run's own", async () => {
  using folder = folderWith({ "yard.yaml": graph(1), "new.yaml": graph(2) });
  await using program = running(folder);
  await program.saw(/http server listens/);
  expect(await reload(folder, "new.yaml")).toMatchObject({
    ...{ code: 0, stdout: expect.stringMatching(/l +replaced +config\.limit[\s\S]*reloaded \(generation 1/) },
  });
  expect((await reload(folder, "yard")).stdout).toContain("reloaded (generation 2");
  // By another way to the same file it is the run's own.
  fs.symlinkSync(folder.folder, folder.at("link"));
  expect((await reload(folder, "link/yard.yaml")).stdout).toContain("unchanged (generation 2");
  expect((await program.stop()).code).toBe(0);
}, 60_000);

test("a file with an error: its place is told, and that it is to be mended; the run is not asked and goes on", async () => {
  using folder = folderWith({ "yard.yaml": graph(1) });
  await using program = running(folder);
  await program.saw(/http server listens/);
  fs.writeFileSync(folder.at("yard.yaml"), graph(1).replace("rate_limit", "rate_limt"));
  const { code, stderr } = await reload(folder, "yard.yaml");
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^yard\.yaml:5:\d+ /)]);
  expect(stderr).toContain("hint: the run goes on as it was: mend the file, and give the command again");
  expect(stderr).not.toContain("queues");
  expect((await program.stop()).code).toBe(0);
}, 60_000);

test("every refusal is counted and is the last outcome in the report, also one that the engine never saw", async () => {
  using folder = folderWith({ "yard.yaml": graph(1) });
  await using program = running(folder);
  const [, url] = await program.saw(/http server listens url=(\S+)/);
  fs.writeFileSync(folder.at("yard.yaml"), "nodes: [");
  const answer = await fetch(`${url}/reload`, { method: "POST" });
  expect([answer.status, await answer.json()]).toMatchObject([
    409,
    { outcome: "refused", findings: expect.stringMatching(/^yard\.yaml:\d+:\d+ YAML_SYNTAX/) },
  ]);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('schnitzel_reloads_total{outcome="refused"} 1');
  const { reloads } = reportOf(await program.stop());
  expect(reloads).toMatchObject({ generation: 0, last: "refused: the graph has errors" });
}, 60_000);

test("a graph that was made of an older one is refused: the change would undo what came between", async () => {
  using folder = folderWith({ "yard.yaml": graph(1) });
  await using program = running(folder);
  await program.saw(/http server listens/);
  const socket = folder.at("state/yard/control.sock");
  const call = (verb: string, args: unknown) => callControl(socket, verb, args, { clock: systemClock });
  const { text, generation } = (await call("graph", {})) as { text: string; generation: number };
  fs.writeFileSync(folder.at("yard.yaml"), graph(2));
  expect(await ask(folder)).toMatchObject({ outcome: "reloaded", generation: 1 });
  const stale = text.replace("limit: 1", "limit: 3");
  expect(await call("reload", { text: stale, generation })).toMatchObject({
    ...{
      outcome: "refused",
      generation: 1,
      reason: "the graph was reloaded meanwhile",
      hint: "give the command again",
    },
  });
  expect(((await call("graph", {})) as { text: string }).text).toContain("limit: 2");
  expect((await program.stop()).code).toBe(0);
}, 60_000);

test("a secret that comes with a reload is hidden as those of the start are", async () => {
  const calling = `version: 2
name: yard
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 200 } }
  - { id: o, plugin: http_sink, config: { url: "http://127.0.0.1:1/\${file:tok}" } }
edges: [{ from: s, to: o }]
`;
  using folder = folderWith({ "yard.yaml": graph(1), tok: "hunter2isnopassword" });
  await using program = running(folder);
  await program.saw(/http server listens/);
  fs.writeFileSync(folder.at("yard.yaml"), calling);
  expect(await ask(folder)).toMatchObject({ code: 0, outcome: "reloaded" });
  const [line] = await program.saw(/^.*the outside does not take packets.*$/m);
  expect(line).toContain("http://127.0.0.1:1/***");
  const { stdout, stderr } = await program.stop();
  expect(stdout + stderr).not.toContain("hunter2");
}, 60_000);

test("the address of the server is that of the start: another one in the graph is refused, and plan says so", async () => {
  const served = (listen: string) => graph(1, `http: { listen: "${listen}" }\n`);
  using folder = folderWith({ "yard.yaml": served("127.0.0.1:0"), "new.yaml": served("127.0.0.1:1") });
  const plan = await run(["plan", "yard.yaml", "new.yaml"], { cwd: folder.folder });
  expect(plan.stdout).toMatch(/graph +http +changed +takes a new start/);
  const args = ["run", "yard.yaml", "--state-dir", "state"];
  await using program = start(args, { cwd: folder.folder });
  await program.saw(/http server listens/);
  expect(await ask(folder, "--file", "new.yaml")).toMatchObject({
    ...{ code: 1, outcome: "refused", generation: 0, hint: expect.stringContaining("start it again") },
    reason: "http.listen is another one (127.0.0.1:1 instead of 127.0.0.1:0)",
  });
  expect((await program.stop()).code).toBe(0);
}, 60_000);

test("a run without a state directory takes no graph with checkpoints", async () => {
  using folder = folderWith({ "yard.yaml": graph(1) });
  const args = ["run", "yard.yaml", "--http", "127.0.0.1:0"];
  await using program = start(args, { cwd: folder.folder, env: { XDG_STATE_HOME: folder.at("none") } });
  const [, url] = await program.saw(/http server listens url=(\S+)/);
  fs.writeFileSync(folder.at("yard.yaml"), graph(1, "checkpoint: { interval: 1s }\n"));
  const answer = await fetch(`${url}/reload`, { method: "POST" });
  expect([answer.status, await answer.json()]).toMatchObject([
    409,
    { outcome: "refused", reason: "it keeps checkpoints, and the run began without a state directory" },
  ]);
  expect((await program.stop()).code).toBe(0);
}, 60_000);

test("a cell that is kept keeps its value: a reload that would drop it is refused, and plan --check says so", async () => {
  const celled = (cell: string) => `version: 2
name: yard
${cell === "" ? "" : `blackboard: { mode: { ${cell} } }`}
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 100 } }
  - { id: o, plugin: null_sink }
${cell === "" ? "" : "  - { id: keep, plugin: cell_write, config: { cell: mode, from: i } }"}
edges: [{ from: s, to: o }${cell === "" ? "" : ", { from: s, to: keep }"}]
`;
  const files = {
    "yard.yaml": celled("type: number, initial: 0, persist: true"),
    "text.yaml": celled('type: string, initial: "a", persist: true'),
    "none.yaml": celled(""),
    "wide.yaml": celled("type: number, initial: 1, persist: true"),
  };
  using folder = folderWith(files);
  const check = (file: string) => run(["plan", "yard.yaml", file, "--check"], { cwd: folder.folder });
  expect(await check("text.yaml")).toMatchObject({
    code: 5,
    stdout: expect.stringContaining("lost: the value of cell mode"),
  });
  expect(await check("none.yaml")).toMatchObject({ code: 5 });
  expect(await check("wide.yaml")).toMatchObject({ code: 0 });
  await using program = running(folder);
  await program.saw(/http server listens/);
  expect(await ask(folder, "--file", "text.yaml")).toMatchObject({
    ...{ code: 1, outcome: "refused", hint: expect.stringContaining("--drop-state") },
    reason: "the value of cell mode would be dropped: it is a string instead of a number",
  });
  expect(await ask(folder, "--file", "none.yaml")).toMatchObject({
    ...{ outcome: "refused", reason: "the value of cell mode would be dropped: the graph has no such cell any more" },
  });
  expect(await ask(folder, "--file", "wide.yaml")).toMatchObject({ outcome: "reloaded" });
  expect(await ask(folder, "--file", "none.yaml", "--drop-state")).toMatchObject({ outcome: "reloaded" });
  // A warning of the graph that is taken is a warning in the log, on lines of its own.
  await program.saw(/ warn +Cell "mode" is never read/);
  expect((await program.stop()).code).toBe(0);
}, 60_000);

test("a refused reload makes no file", async () => {
  using folder = folderWith({ "yard.yaml": graph(1).replace("rate_limit, config: { limit: 1 }", "dedup, config: {}") });
  await using program = running(folder);
  await program.saw(/http server listens/);
  fs.writeFileSync(
    folder.at("yard.yaml"),
    graph(1).replace("to: o }", "to: o, durable: true }").replaceAll("l,", "m,").replaceAll("to: l }", "to: m }"),
  );
  expect(await ask(folder)).toMatchObject({ outcome: "refused", reason: expect.stringContaining("the state of node") });
  expect(fs.existsSync(folder.at("state/yard/queues")) ? fs.readdirSync(folder.at("state/yard/queues")) : []).toEqual(
    [],
  );
  expect((await program.stop()).code).toBe(0);
}, 60_000);
