import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { folderWith } from "../support/cli.ts";
import { writePlugin } from "../support/plugins.ts";
import { running } from "../support/reloading.ts";
import { start } from "../support/running.ts";

const graph = (limit: number) => `version: 2
name: yard
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 100 } }
  - { id: l, plugin: rate_limit, config: { limit: ${limit} } }
  - { id: o, plugin: null_sink }
edges: [{ from: s, to: l }, { from: l, to: o }]
`;

const withPart = `version: 2
name: yard
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 100 } }
  - { id: p, use: parts/few.yaml }
  - { id: o, plugin: null_sink }
edges: [{ from: s, to: p }, { from: p, to: o }]
`;

const part = `version: 2
ports:
  in: { in: l.in }
  out: { out: l.out }
nodes:
  - { id: l, plugin: rate_limit, config: { limit: 3 } }
edges: []
`;

const generation = (program: { saw(pattern: RegExp): Promise<unknown> }, count: number) =>
  program.saw(new RegExp(`reload: reloaded by=watch generation=${count}`));

test("a save in two halves: the first is refused with its place, and the whole one is taken", async () => {
  using folder = folderWith({ "yard.yaml": graph(1) });
  await using program = running(folder, "--watch");
  await program.saw(/http server listens/);
  const text = graph(2);
  fs.writeFileSync(folder.at("yard.yaml"), text.slice(0, 60));
  await program.saw(/reload: refused by=watch generation=0/);
  fs.appendFileSync(folder.at("yard.yaml"), text.slice(60));
  await generation(program, 1);
  expect((await program.stop()).code).toBe(0);
}, 15_000);

test("a file that is removed and put back, and one that an editor renames over it", async () => {
  using folder = folderWith({ "yard.yaml": graph(1), "new.yaml": graph(2) });
  await using program = running(folder, "--watch");
  await program.saw(/http server listens/);
  fs.renameSync(folder.at("yard.yaml"), folder.at("gone"));
  await program.saw(/reload: refused by=watch generation=0/);
  fs.renameSync(folder.at("gone"), folder.at("yard.yaml"));
  await program.saw(/reload: unchanged by=watch/);
  fs.renameSync(folder.at("new.yaml"), folder.at("yard.yaml"));
  await generation(program, 1);
  expect((await program.stop()).code).toBe(0);
}, 15_000);

test("a part that is written after the graph that names it, in a folder that was not there", async () => {
  using folder = folderWith({ "yard.yaml": graph(1) });
  await using program = running(folder, "--watch");
  await program.saw(/http server listens/);
  fs.writeFileSync(folder.at("yard.yaml"), withPart);
  await program.saw(/reload: refused by=watch generation=0/);
  fs.mkdirSync(folder.at("parts"));
  fs.writeFileSync(folder.at("parts/few.yaml"), part);
  await generation(program, 1);
  expect((await program.stop()).code).toBe(0);
}, 15_000);

test("a folder that another takes the place of, and what is saved in that", async () => {
  using folder = folderWith({ "conf/yard.yaml": graph(1), "next/yard.yaml": graph(2) });
  const args = ["run", "conf/yard.yaml", "--watch", "--state-dir", "state", "--http", "127.0.0.1:0"];
  await using program = start(args, { cwd: folder.folder });
  await program.saw(/http server listens/);
  fs.renameSync(folder.at("conf"), folder.at("old"));
  fs.renameSync(folder.at("next"), folder.at("conf"));
  await generation(program, 1);
  fs.writeFileSync(folder.at("conf/yard.yaml"), graph(3));
  await generation(program, 2);
  expect((await program.stop()).code).toBe(0);
}, 15_000);

test("a graph behind links, of which one is turned, as a mounted configuration changes", async () => {
  using folder = folderWith({ "conf/v1/yard.yaml": graph(1), "conf/v2/yard.yaml": graph(2) });
  fs.symlinkSync("v1", folder.at("conf/..data"));
  fs.symlinkSync("..data/yard.yaml", folder.at("conf/yard.yaml"));
  const args = ["run", "conf/yard.yaml", "--watch", "--state-dir", "state", "--http", "127.0.0.1:0"];
  await using program = start(args, { cwd: folder.folder });
  await program.saw(/http server listens/);
  fs.symlinkSync("v2", folder.at("conf/..new"));
  fs.renameSync(folder.at("conf/..new"), folder.at("conf/..data"));
  await generation(program, 1);
  expect((await program.stop()).code).toBe(0);
}, 15_000);

const marking = (mark: string) => `import { ANY, defineNode, port, v } from "schnitzel";
export const Mark = defineNode({
  name: "mark", kind: "transform", doc: "Says which it is.", config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") }, outputs: { out: port(ANY, "Marks.") }, examples: [],
  create: () => ({ process: (packet, emit) => emit.out({ ...packet, payload: "${mark}" }) }),
});
`;

test("a plugin that is a folder", async () => {
  const marked = graph(1).replace("plugin: rate_limit, config: { limit: 1 }", 'plugin: "mark:Mark"');
  using folder = folderWith({ "yard.yaml": marked, "plugins/mark/plugin.ts": marking("one") });
  await using program = running(folder, "--watch");
  await program.saw(/http server listens/);
  writePlugin(folder.at("plugins/mark"), "plugin.ts", marking("two"));
  await generation(program, 1);
  expect((await program.stop()).code).toBe(0);
}, 15_000);

test("SIGHUP at any moment of a run, also while it starts, asks for a reload and does not end it", async () => {
  const opening = `import { ANY, defineNode, port, v } from "schnitzel";
export const Slow = defineNode({
  name: "slow", kind: "transform", doc: "Opens when a file is there.", config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") }, outputs: { out: port(ANY, "Packets.") }, examples: [],
  create: (_, { log }) => ({
    async open() {
      log.info("opens");
      while (!(await Bun.file("go").exists())) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    process: (packet, emit) => emit.out(packet),
  }),
});
`;
  const slow = (more: string) => graph(1).replace("nodes:", `nodes:\n  - { id: w, plugin: "slow:Slow" }${more}`);
  const wired = (text: string) => text.replace("{ from: l, to: o }", "{ from: l, to: w }, { from: w, to: o }");
  using folder = folderWith({ "yard.yaml": wired(slow("")), "plugins/slow.ts": opening });
  await using program = running(folder);
  await program.saw(/\[w\] opens/);
  fs.writeFileSync(folder.at("yard.yaml"), wired(slow("").replace("limit: 1", "limit: 2")));
  for (let times = 0; times < 100; times++) process.kill(program.pid, "SIGHUP");
  fs.writeFileSync(folder.at("go"), "");
  await program.saw(/reload: reloaded by=SIGHUP generation=1/);
  for (let times = 0; times < 100; times++) process.kill(program.pid, "SIGHUP");
  process.kill(program.pid, "SIGTERM");
  for (let times = 0; times < 100; times++) process.kill(program.pid, "SIGHUP");
  expect((await program.ended()).code).toBe(0);
}, 15_000);
