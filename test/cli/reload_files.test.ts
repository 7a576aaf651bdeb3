import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { folderWith } from "../support/cli.ts";
import { writePlugin } from "../support/plugins.ts";
import { ask, reportOf, running } from "../support/reloading.ts";

const marking = (mark: string) => `import { ANY, defineNode, port, v } from "schnitzel";
export const Mark = defineNode({
  name: "mark",
  kind: "transform",
  doc: "Says which it is.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") },
  outputs: { out: port(ANY, "Marks.") },
  examples: [],
  create: () => ({ process: (packet, emit) => emit.out({ ...packet, payload: "${mark}" }) }),
});
`;

const marked = `version: 2
name: yard
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 100 } }
  - { id: m, plugin: "mark:Mark" }
  - { id: o, plugin: print_sink }
edges: [{ from: s, to: m }, { from: m, to: o }]
`;

test("a plugin file that changes: the node is another one; one with an error leaves the old one", async () => {
  using folder = folderWith({ "yard.yaml": marked });
  writePlugin(folder.at("plugins"), "mark.ts", marking("first_code"));
  await using program = running(folder);
  await program.saw(/first_code/);
  expect(await ask(folder)).toMatchObject({ outcome: "unchanged" });
  writePlugin(folder.at("plugins"), "mark.ts", marking("second_code"));
  expect(await ask(folder)).toMatchObject({ code: 0, outcome: "reloaded", generation: 1 });
  await program.saw(/second_code/);
  writePlugin(folder.at("plugins"), "mark.ts", "this is { no code");
  expect(await ask(folder)).toMatchObject({
    ...{ code: 1, outcome: "refused", generation: 1, reason: "the graph has errors" },
    findings: expect.stringContaining("mark"),
  });
  const ended = await program.stop();
  const lines = ended.stdout.split("\n").filter((line) => /_code/.test(line));
  // None comes of the old code once the new one runs.
  const turn = lines.findIndex((line) => line.includes("second_code"));
  expect(lines.slice(turn).every((line) => line.includes("second_code"))).toBe(true);
  expect([ended.code, reportOf(ended).dead_letters.total, reportOf(ended).drops]).toEqual([0, 0, []]);
}, 60_000);

const schema = (least: number) => JSON.stringify({ type: "object", properties: { i: { minimum: least } } });

const checked = `version: 2
name: yard
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 100 } }
  - { id: c, plugin: schema_validate, config: { schema_file: least.json } }
  - { id: o, plugin: print_sink }
edges: [{ from: s, to: c }, { from: c, to: o }, { from: c.invalid, to: o }]
`;

test("a file that a node reads changes: under --watch the node reads it again; a broken one leaves the old one", async () => {
  using folder = folderWith({ "yard.yaml": checked, "least.json": schema(0) });
  await using program = running(folder, "--watch");
  await program.saw(/"packet_id"/);
  fs.writeFileSync(folder.at("least.json"), "{ no JSON");
  await program.saw(/reload: (refused|rolled_back) by=watch generation=0.*least\.json/);
  fs.writeFileSync(folder.at("least.json"), schema(1_000_000_000));
  await program.saw(/reload: reloaded by=watch generation=1/);
  await program.saw(/schema_errors/);
  const ended = await program.stop();
  expect([ended.code, reportOf(ended).dead_letters.total]).toEqual([0, 0]);
}, 60_000);
