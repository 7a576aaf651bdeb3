import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { start } from "../support/running.ts";
import { cameOut, until } from "../support/webhook.ts";

/** Two packets, of which the first cannot be judged. */
const graph = (node: string, when = "payload.i > 0 || payload.absent", rate = "") => `version: 2
name: yard
nodes:
  - { id: src, plugin: generate_source, config: { count: 2${rate} } }
  - { id: ${node}, plugin: filter, config: { when: '${when}' } }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 } }
edges:
  - { from: src, to: ${node} }
  - { from: ${node}, to: out, durable: true }
`;

const inState = (cwd: string, ...args: string[]) => run([...args, "--state-dir", "state"], { cwd });

test("queue replay into a graph that lost the node changes nothing and names it, whether the graph runs or not", async () => {
  using folder = folderWith({ "g.yaml": graph("check") });
  expect((await inState(folder.folder, "run", "g.yaml")).code).toBe(0);
  fs.writeFileSync(folder.at("g.yaml"), graph("judge", "true", ", rate: 0.2"));
  const message =
    /^QUEUE_NODE_GONE: cannot replay 1 dead letter, as the graph has no such input any more: check\.in \(1\); send them elsewhere with --to NODE, or choose others with --node\n$/;
  const replay = (...flags: string[]) =>
    inState(folder.folder, "queue", "replay", "g.yaml", "--dead", "--yes", ...flags);
  const stopped = await replay();
  expect([stopped.code, stopped.stderr]).toEqual([2, expect.stringMatching(message)]);
  await using program = start(["run", "g.yaml", "--state-dir", "state"], { cwd: folder.folder });
  await until(() => fs.existsSync(folder.at("state/yard/control.sock")));
  const running = await replay();
  expect([running.code, running.stderr]).toEqual([2, expect.stringMatching(message)]);
  const nowhere = await replay("--to", "nobody");
  expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("nobody")]);
  const rows = JSON.parse((await inState(folder.folder, "queue", "peek", "yard", "--dead", "--json")).stdout).rows;
  expect(rows).toHaveLength(1);
  const sent = await replay("--to", "judge");
  expect([sent.code, sent.stdout]).toEqual([0, expect.stringContaining("replayed 1 dead letter")]);
  await until(() => cameOut(folder.folder).filter((i) => i === 0).length >= 1);
  expect((await program.stop()).code).toBe(0);
}, 60_000);

test("letters that were put back for a node that is gone by the next run are dead letters again, with the reason", async () => {
  using folder = folderWith({ "g.yaml": graph("check") });
  await inState(folder.folder, "run", "g.yaml");
  const replayed = await inState(folder.folder, "queue", "replay", "g.yaml", "--dead", "--yes");
  expect([replayed.code, replayed.stderr]).toEqual([0, ""]);
  fs.writeFileSync(folder.at("g.yaml"), graph("judge", "true"));
  const ran = await inState(folder.folder, "run", "g.yaml");
  expect([ran.code, ran.stderr]).toEqual([
    0,
    expect.stringContaining("graph yard has no input check.in to replay it into"),
  ]);
  const rows = JSON.parse((await inState(folder.folder, "queue", "peek", "yard", "--dead", "--json")).stdout).rows;
  expect(rows).toEqual([expect.objectContaining({ error: "graph yard has no input check.in to replay it into" })]);
}, 60_000);

test("rows of an edge that the graph has no more wait in their file, which the run names", async () => {
  const waits = graph("check", "true").replace("{ id: out, plugin", "{ id: out, runtime: { delivery: off }, plugin");
  using folder = folderWith({ "g.yaml": waits });
  await inState(folder.folder, "run", "g.yaml");
  fs.writeFileSync(folder.at("g.yaml"), graph("judge", "true"));
  const ran = await inState(folder.folder, "run", "g.yaml");
  expect([ran.code, ran.stderr]).toEqual([
    0,
    expect.stringMatching(
      /a queue belongs to no edge of the graph any more and is left alone file=\S+check\.out\+out\.in\.sqlite3 next="schnitzel queue ls \S+"/,
    ),
  ]);
  expect(fs.existsSync(folder.at("state/yard/queues/check.out+out.in.sqlite3"))).toBe(true);
}, 60_000);
