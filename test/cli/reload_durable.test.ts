import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { ask, running } from "../support/reloading.ts";
import { type SinkServer, sinkServer } from "../support/sink_server.ts";
import { until } from "../support/webhook.ts";

const ROWS = 20;
const NUMBERS = Array.from({ length: ROWS }, (_, at) => at);
const FILE = "state/yard/queues/s.out+out.in.sqlite3";

/** Rows for a backend, by way of a durable edge. */
const graph = ({ url }: { url: string }, { sink = "out", durable = "true" } = {}) => `version: 2
name: yard
nodes:
  - { id: g, plugin: generate_source, config: { count: ${ROWS} } }
  - { id: s, plugin: rate_limit, config: { limit: 1000000 } }
  - { id: ${sink}, plugin: http_sink, config: { url: "${url}" } }
edges: [{ from: g, to: s }, { from: s, to: ${sink}, durable: ${durable} }]
`;

type Folder = ReturnType<typeof folderWith>;

/** Of a queue's own file, or of the graph. */
async function queueOf({ folder }: Folder, target: string): Promise<{ name: string; rows: number }> {
  const { stdout } = await run(["queue", "ls", target, "--state-dir", "state", "--json"], { cwd: folder });
  const [{ name, ready, leased }] = JSON.parse(stdout).queues;
  return { name, rows: ready + leased };
}

const rowsIn = async (folder: Folder, target: string) => (await queueOf(folder, target)).rows;

/** The run, with all rows in the durable edge and the backend away. */
async function withBacklog(folder: Folder, sink: SinkServer) {
  const program = running(folder);
  await program.saw(/http server listens/);
  await until(async () => sink.refused > 0 && (await rowsIn(folder, "yard")) === ROWS);
  return program;
}

test("a durable edge that is renamed: refused with what to do, done with --orphan, and the file keeps its rows", async () => {
  await using sink = sinkServer(false);
  using folder = folderWith({ "yard.yaml": graph(sink) });
  {
    await using program = await withBacklog(folder, sink);
    fs.writeFileSync(folder.at("yard.yaml"), graph(sink, { sink: "backend" }));
    expect(await ask(folder)).toMatchObject({
      ...{ code: 1, outcome: "refused", generation: 0 },
      reason: `${ROWS} packets in durable edge s.out->out.in would be left on the disk, and nobody would read them`,
      hint: expect.stringMatching(/durable: \{ path: .*or leave them with --orphan/),
    });
    expect(await ask(folder, "--orphan")).toMatchObject({ code: 0, outcome: "reloaded", generation: 1 });
    // Nothing is left to do for it.
    expect((await program.ended()).code).toBe(0);
  }
  expect([await rowsIn(folder, FILE), sink.taken]).toEqual([ROWS, []]);
  // Whoever goes back to the old graph finds what it left.
  sink.here = true;
  fs.writeFileSync(folder.at("yard.yaml"), graph(sink));
  await using back = running(folder);
  await until(() => sink.taken.length >= ROWS);
  expect((await back.stop()).code).toBe(0);
  expect(sink.taken.slice(0, ROWS)).toEqual(NUMBERS);
}, 90_000);

test("a durable edge that is renamed and names its old file goes on where it stood", async () => {
  await using sink = sinkServer(false);
  using folder = folderWith({ "yard.yaml": graph(sink) });
  await using program = await withBacklog(folder, sink);
  fs.writeFileSync(folder.at("yard.yaml"), graph(sink, { sink: "backend", durable: `{ path: ${FILE} }` }));
  expect(await ask(folder)).toMatchObject({ code: 0, outcome: "reloaded", generation: 1 });
  expect(await queueOf(folder, "yard")).toEqual({ name: "s.out->backend.in", rows: ROWS });
  sink.here = true;
  await until(() => sink.taken.length >= ROWS);
  expect((await program.ended()).code).toBe(0);
  expect(sink.taken).toEqual(NUMBERS);
}, 90_000);

test("while the sink of a durable edge is down: it gets another address, and each row comes once and in order", async () => {
  await using down = sinkServer(false);
  await using sink = sinkServer();
  using folder = folderWith({ "yard.yaml": graph(down) });
  await using program = await withBacklog(folder, down);
  fs.writeFileSync(folder.at("yard.yaml"), graph(sink));
  expect(await ask(folder)).toMatchObject({ code: 0, outcome: "reloaded", generation: 1 });
  await until(() => sink.taken.length >= ROWS);
  expect((await program.ended()).code).toBe(0);
  expect([sink.taken, down.taken]).toEqual([NUMBERS, []]);
}, 90_000);

test("a durable edge becomes a plain one while its sink is down: taken back after the deadline, with the reason", async () => {
  await using sink = sinkServer(false);
  using folder = folderWith({ "yard.yaml": graph(sink) });
  await using program = await withBacklog(folder, sink);
  fs.writeFileSync(folder.at("yard.yaml"), graph(sink).replace(", durable: true", ""));
  expect(await ask(folder, "--deadline-seconds", "0.2")).toMatchObject({
    ...{ code: 1, outcome: "rolled_back", generation: 0 },
    reason: expect.stringContaining("durable edge s.out->out.in is not empty"),
  });
  sink.here = true;
  await until(() => sink.taken.length >= ROWS);
  expect((await program.ended()).code).toBe(0);
  expect(sink.taken).toEqual(NUMBERS);
}, 90_000);

test("two edges never get one file: the rows of one would go to the other", async () => {
  await using sink = sinkServer(false);
  using folder = folderWith({ "yard.yaml": graph(sink) });
  await using program = await withBacklog(folder, sink);
  const more = graph(sink).replace(
    "edges: [",
    `  - { id: more, plugin: null_sink }\nedges: [{ from: s, to: more, durable: { path: ${FILE} } }, `,
  );
  fs.writeFileSync(folder.at("yard.yaml"), more);
  expect(await ask(folder)).toMatchObject({
    ...{ code: 1, outcome: "rolled_back", generation: 0 },
    reason: expect.stringMatching(/cannot keep s\.out->out\.in in .*: s\.out->more\.in has that file/),
  });
  sink.here = true;
  await until(() => sink.taken.length >= ROWS);
  expect((await program.ended()).code).toBe(0);
  expect(sink.taken).toEqual(NUMBERS);
}, 60_000);
