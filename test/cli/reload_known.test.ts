import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { writePlugin } from "../support/plugins.ts";
import { ask, reportOf, running } from "../support/reloading.ts";
import { start } from "../support/running.ts";
import { until } from "../support/webhook.ts";

const source = "{ id: s, plugin: generate_source, config: { count: 100000000, rate: 200 } }";
const graph = (nodes: readonly string[], edges: readonly string[]) =>
  `version: 2\nname: yard\nnodes:\n${nodes.map((node) => `  - ${node}\n`).join("")}edges: [${edges.join(", ")}]\n`;

const plain = graph([source, "{ id: o, plugin: print_sink }"], ["{ from: s, to: o }"]);

/** Never comes back from its first packet. */
const spinning = `import { ANY, defineNode, port, v } from "schnitzel";
export const Spin = defineNode({
  name: "spin",
  kind: "transform",
  doc: "Turns for ever.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") },
  outputs: { out: port(ANY, "None.") },
  examples: [],
  create: () => ({ process() { for (;;); } }),
});
`;

test("the watchdog names a node that came with a reload, and the report the graph that runs", async () => {
  using folder = folderWith({ "yard.yaml": plain });
  writePlugin(folder.at("plugins"), "spin.ts", spinning);
  await using program = running(folder, "--stall-seconds", "1");
  await program.saw(/"packet_id"/);
  const [, url] = await program.saw(/http server listens url=(\S+)/);
  const before = (await (await fetch(`${url}/report`)).json()) as { graph_hash: string };
  const nodes = [`{ id: spinner, plugin: "spin:Spin" }`, "{ id: o, plugin: print_sink }", source];
  fs.writeFileSync(folder.at("yard.yaml"), graph(nodes, ["{ from: s, to: spinner }", "{ from: spinner, to: o }"]));
  process.kill(program.pid, "SIGHUP");
  const ended = await program.ended();
  expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('NODE_STALLED node "spinner" held the run')]);
  const report = reportOf(ended);
  expect([report.stop_reason, report.graph_hash]).toEqual(["stalled", expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(report.graph_hash).not.toBe(before.graph_hash);
}, 60_000);

const judged = (id: string) =>
  graph(
    [source, `{ id: ${id}, plugin: filter, config: { when: payload.absent } }`, "{ id: o, plugin: null_sink }"],
    [`{ from: s, to: ${id} }`, `{ from: ${id}, to: o }`],
  );

test("queue replay knows the inputs of the graph that runs since a reload", async () => {
  using folder = folderWith({ "yard.yaml": judged("check") });
  const inState = (...args: string[]) => run([...args, "--state-dir", "state"], { cwd: folder.folder });
  await using program = running(folder);
  const letters = async () => {
    const { stdout } = await inState("queue", "peek", "yard", "dead_letters", "--dead", "--json");
    return JSON.parse(stdout).rows.length as number;
  };
  await program.saw(/http server listens/);
  await until(async () => (await letters()) > 0);
  fs.writeFileSync(folder.at("yard.yaml"), judged("judge"));
  expect(await ask(folder)).toMatchObject({ code: 0, outcome: "reloaded" });
  const replay = (...args: string[]) => inState("queue", "replay", "yard", "--dead", "--node", "check", ...args);
  const gone = await replay("--yes");
  expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining("no such input any more: check.in")]);
  const sent = await replay("--to", "judge", "--limit", "1", "--yes");
  expect([sent.code, sent.stderr, sent.stdout]).toEqual([0, "", expect.stringContaining("replayed 1 dead letter")]);
  expect((await program.stop()).code).toBe(0);
}, 60_000);

describe("what a run has from its start or never is refused, with the reason:", () => {
  for (const [what, edge, flags, reason] of [
    [
      "a store for payloads",
      "durable: true, payload_ref: auto",
      ["--state-dir", "state"],
      /has payload_ref, and the run/,
    ],
    ["a state directory", "durable: true", [], /is durable, and the run began without a state directory/],
  ] as const) {
    test(what, async () => {
      using folder = folderWith({ "yard.yaml": plain });
      const env = { XDG_STATE_HOME: folder.at("home") };
      await using program = start(["run", "yard.yaml", ...flags], { cwd: folder.folder, env });
      await program.saw(/"packet_id"/);
      fs.writeFileSync(folder.at("yard.yaml"), plain.replace("to: o }", `to: o, ${edge} }`));
      process.kill(program.pid, "SIGHUP");
      const [line] = await program.saw(/reload: .*/);
      expect(line).toMatch(/refused by=SIGHUP generation=0/);
      expect(line).toMatch(reason);
      expect(line).toContain("stop it, and start it again with this graph");
      expect((await program.stop()).code).toBe(0);
    }, 60_000);
  }
});
