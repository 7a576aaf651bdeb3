import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { binary, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const jsonl = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const source = (id: string, path = `${id}.jsonl`, more = "") =>
  `- { id: ${id}, plugin: file_source, config: { path: ${path}, format: jsonl, ts_field: ts${more} } }`;
const SHOW = "- { id: show, plugin: print_sink, config: { format: payload } }";

async function runOn(
  graph: string,
  files: Record<string, string>,
  prepare: (at: (name: string) => string) => void = () => {},
) {
  using folder = folderWith({ "g.yaml": graph, ...files });
  prepare(folder.at);
  const ran = await run(["run", "g.yaml", "--report-json"], { cwd: folder.folder });
  const printed = ran.stdout.trimEnd().split("\n");
  const report = JSON.parse(printed.pop()!);
  return { ...ran, report, printed: printed.map((line) => JSON.parse(line)) };
}

const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString();

describe("through the binary", () => {
  const JOIN = `version: 2
event_time: { max_delay: 1s, idle: 300ms }
nodes:
  ${source("left")}
  ${source("right")}
  - { id: both, plugin: stream_join, config: { key: payload.id, within: 2s, mode: full } }
  ${SHOW}
  - { id: late, plugin: jsonl_sink, config: { path: late.jsonl } }
edges:
  - { from: left, to: both.left }
  - { from: right, to: both.right }
  - { from: both, to: show }
  - { from: both.late, to: late }
`;

  test("stream_join joins two files; times that are none, of 1970 and 2099 spoil nothing", async () => {
    const left = [0, 1, 2, 3, 4].map((id) => ({ id, ts: at(id * 10) }));
    const odd = [
      { id: 9, ts: "1970-01-01T00:00:00Z" },
      { id: 9, ts: "2099-01-01T00:00:00Z" },
      { id: 9, ts: "noon" },
    ];
    const right = [1, 3, 4].map((id) => ({ id, ts: at(id * 10 + (id === 4 ? 3 : 2)) }));
    const { code, report, printed } = await runOn(JOIN, {
      "left.jsonl": jsonl([...left, ...odd]),
      "right.jsonl": jsonl(right),
    });
    const pairs = printed.map(({ key, left: l, right: r, partial }) => [key, l !== null, r !== null, partial ?? false]);
    expect([code, report.status]).toEqual([0, "degraded"]);
    expect(pairs.filter(([key]) => key !== 9).sort()).toEqual([
      [0, true, false, true],
      [1, true, true, false],
      [2, true, false, true],
      [3, true, true, false],
      [4, false, true, true],
      [4, true, false, true],
    ]);
    expect(report.node_metrics.both).toMatchObject({ matched_total: 2, left_waiting: 0, right_waiting: 0 });
    expect(report.dead_letters.first[0].reason).toContain('ts_field "ts" must be an ISO-8601 time');
  });

  test("stream_join goes on beside a side that never speaks, while it runs", async () => {
    const follow = ", follow: true, poll_ms: 20";
    const graph = JOIN.replace(source("left"), source("left", "left.jsonl", follow)).replace(
      source("right"),
      source("right", "right.jsonl", follow),
    );
    using folder = folderWith({ "g.yaml": graph, "left.jsonl": jsonl([{ id: 1, ts: at(0) }]), "right.jsonl": "" });
    const child = Bun.spawn([binary(), "run", "g.yaml"], { cwd: folder.folder, stdout: "pipe", stderr: "ignore" });
    const watchdog = setTimeout(() => child.kill("SIGKILL"), 20_000);
    // Another packet far behind the first takes the watermark past it, as soon as the silent side is idle.
    fs.appendFileSync(
      folder.at("left.jsonl"),
      jsonl([
        { id: 2, ts: at(100) },
        { id: 3, ts: at(200) },
      ]),
    );
    const { value } = await child.stdout.getReader().read();
    expect(JSON.parse(new TextDecoder().decode(value).split("\n")[0]!)).toMatchObject({
      key: 1,
      right: null,
      partial: true,
    });
    child.kill("SIGTERM");
    await child.exited;
    clearTimeout(watchdog);
  }, 30_000);

  test("split and join_by_id give a packet back as it was", async () => {
    const graph = `version: 2
nodes:
  - { id: in, plugin: file_source, config: { path: in.jsonl, format: jsonl } }
  - { id: cut, plugin: split, config: { by: list, path: items } }
  - { id: double, plugin: map, config: { jsonata: "$ * 2" } }
  - { id: whole, plugin: join_by_id }
  ${SHOW}
  - { id: late, plugin: null_sink }
  - { id: empty, plugin: null_sink }
edges:
  - { from: in, to: cut }
  - { from: cut, to: double }
  - { from: double, to: whole }
  - { from: whole, to: show }
  - { from: whole.late, to: late }
  - { from: cut.empty, to: empty }
`;
    const { code, printed } = await runOn(graph, { "in.jsonl": jsonl([{ items: [1, 2, 3] }, { items: [4] }]) });
    expect([code, printed.map(({ parts }) => parts)]).toEqual([0, [[2, 4, 6], [8]]]);
  });

  test("join_by_id waits for two ways of a packet at ports of its own, and says which was missing", async () => {
    const graph = `version: 2
nodes:
  - { id: in, plugin: file_source, config: { path: in.jsonl, format: jsonl } }
  - { id: twice, plugin: map, config: { jsonata: '{ "twice": n * 2 }' } }
  - { id: even, plugin: filter, config: { when: "int(payload.n) % 2 == 0" } }
  - { id: whole, plugin: join_by_id, config: { parts: [number, even], as: map } }
  ${SHOW}
  - { id: late, plugin: null_sink }
edges:
  - { from: in, to: twice }
  - { from: in, to: even }
  - { from: twice, to: whole.number }
  - { from: even, to: whole.even }
  - { from: whole, to: show }
  - { from: whole.late, to: late }
`;
    const { code, printed } = await runOn(graph, { "in.jsonl": jsonl([{ n: 1 }, { n: 2 }]) });
    expect(code).toBe(0);
    expect(printed.map(({ key: _, ...rest }) => rest)).toEqual([
      { parts: { number: { twice: 4 }, even: { n: 2 } } },
      { parts: { number: { twice: 2 } }, partial: true, missing: ["even"] },
    ]);
  });

  const LOOKUP = (config: string, runtime = "") => `version: 2
nodes:
  - { id: in, plugin: file_source, config: { path: in.jsonl, format: jsonl } }
  - { id: look, plugin: lookup_join, config: ${config}${runtime} }
  ${SHOW}
  - { id: missed, plugin: null_sink }
edges:
  - { from: in, to: look }
  - { from: look, to: show }
  - { from: look.missed, to: missed }
`;
  const ids = (count: number) => jsonl(Array.from({ length: count }, (_, id) => ({ id })));

  test("lookup_join asks a server for many at once and keeps the order; slow, broken and absent answers hold nobody", async () => {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch({ url }) {
        const id = Number(url.split("/").pop());
        if (id % 5 === 1) return new Response("boom", { status: 500 });
        if (id % 5 === 2) return new Response("nothing", { status: 404 });
        if (id % 5 === 3) return new Response("<html>");
        if (id === 4) return new Promise<Response>(() => {});
        return Response.json({ name: `n${id}` });
      },
    });
    const url = `{ http: { url: "http://127.0.0.1:${server.port}/things/{{payload.id}}", timeout: 300ms } }`;
    const { code, report, printed } = await runOn(LOOKUP(url, ", runtime: { concurrency: 8 }"), {
      "in.jsonl": ids(20),
    });
    await server.stop(true);
    expect(code).toBe(0);
    expect(printed.map(({ id }) => id)).toEqual([...Array(20).keys()]);
    expect(printed.filter(({ lookup }) => lookup !== undefined).map(({ id, lookup }) => [id, lookup.name])).toEqual(
      [0, 5, 9, 10, 14, 15, 19].map((id) => [id, `n${id}`]),
    );
    expect(report.node_metrics.look).toMatchObject({ found_total: 7, missed_total: 13, lookup_errors_total: 9 });
  });

  test("lookup_join with a server that is not there passes everything; with when_away: wait nothing is lost of it", async () => {
    const closed = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const { port } = closed;
    await closed.stop(true);
    const url = `url: "http://127.0.0.1:${port}/{{payload.id}}"`;
    const passed = await runOn(LOOKUP(`{ http: { ${url} } }`), { "in.jsonl": ids(3) });
    expect([passed.code, passed.printed]).toEqual([0, [{ id: 0 }, { id: 1 }, { id: 2 }]]);
    const given = await runOn(
      LOOKUP(
        `{ http: { ${url} }, when_away: wait }`,
        ", runtime: { delivery: { give_up_sec: 0.5, backoff_max_ms: 50 } }",
      ),
      { "in.jsonl": ids(3) },
    );
    expect([given.printed, given.report.dead_letters.total]).toEqual([[], 3]);
    expect(given.report.dead_letters.first[0].reason).toContain("cannot look up at http://127.0.0.1");
  });

  test("lookup_join reads a SQLite file, and says what is wrong with one that is not there", async () => {
    const config = `{ sqlite: { path: t.db, query: "SELECT name FROM things WHERE id = ?" }, key: payload.id }`;
    const found = await runOn(LOOKUP(config), { "in.jsonl": ids(3) }, (place) => {
      const db = new Database(place("t.db"), { create: true });
      db.run("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)");
      db.run("INSERT INTO things VALUES (1, 'one')");
      db.close();
    });
    expect([found.code, found.printed]).toEqual([0, [{ id: 0 }, { id: 1, lookup: { name: "one" } }, { id: 2 }]]);
    const absent = await runOn(LOOKUP(config), { "in.jsonl": ids(3) });
    expect([absent.code !== 0, absent.report.error]).toEqual([true, expect.stringContaining("there is no such file")]);
  });

  test("lookup_join with a broken table does not start, and says where it is broken", async () => {
    const { code, report } = await runOn(LOOKUP("{ table: { path: t.csv, key: id }, key: payload.id }"), {
      "in.jsonl": ids(1),
      "t.csv": "id,name\n1\n",
    });
    expect([code !== 0, report.error]).toEqual([
      true,
      expect.stringContaining("line 2: the record has 1 fields, not 2"),
    ]);
  });
});
