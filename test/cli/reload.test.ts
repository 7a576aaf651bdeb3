import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { folderWith } from "../support/cli.ts";
import { ask, reportOf, running } from "../support/reloading.ts";

const graph = (limit: number) => `version: 2
name: yard
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 500 } }
  - { id: l, plugin: rate_limit, config: { limit: ${limit} } }
  - { id: o, plugin: null_sink }
edges: [{ from: s, to: l }, { from: l, to: o }]
`;

test("schnitzel reload says what happened: a good graph, one with errors, one that changes nothing", async () => {
  using folder = folderWith({ "yard.yaml": graph(1), "bad.yaml": "nodes: [" });
  await using run = running(folder);
  await run.saw(/http server listens/);
  fs.writeFileSync(folder.at("yard.yaml"), graph(2));
  expect(await ask(folder)).toMatchObject({ code: 0, outcome: "reloaded", generation: 1 });
  expect(await ask(folder, "--file", "bad.yaml")).toMatchObject({
    ...{ code: 1, outcome: "refused", generation: 1, reason: "the graph has errors" },
  });
  expect(await ask(folder)).toMatchObject({ code: 0, outcome: "unchanged", generation: 1 });
  expect(reportOf(await run.stop()).reloads).toMatchObject({ generation: 1, outcomes: { reloaded: 1, unchanged: 1 } });
}, 60_000);

test("SIGHUP reads the same file again", async () => {
  using folder = folderWith({ "yard.yaml": graph(1) });
  await using run = running(folder);
  await run.saw(/http server listens/);
  fs.writeFileSync(folder.at("yard.yaml"), graph(3));
  process.kill(run.pid, "SIGHUP");
  await run.saw(/reload: reloaded by=SIGHUP generation=1/);
  expect((await run.stop()).code).toBe(0);
}, 60_000);

test("--watch makes one reload of two saves within 10 ms, and the newest wins", async () => {
  using folder = folderWith({ "yard.yaml": graph(1) });
  await using run = running(folder, "--watch");
  await run.saw(/http server listens/);
  fs.writeFileSync(folder.at("yard.yaml"), graph(4));
  fs.writeFileSync(folder.at("yard.yaml"), graph(5));
  await run.saw(/reload: reloaded by=watch generation=1/);
  expect(await ask(folder)).toMatchObject({ outcome: "unchanged", generation: 1 });
  expect(reportOf(await run.stop()).reloads.outcomes.reloaded).toBe(1);
}, 60_000);
