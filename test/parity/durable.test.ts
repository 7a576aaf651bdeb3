import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { project } from "./project.ts";

const D = "schnitzel_stream.nodes";
const QUEUE = "outputs/queues/q.sqlite3";

type Project = ReturnType<typeof project>;

const rows = (old: Project, file = QUEUE) => {
  const db = new Database(path.join(old.folder, file));
  try {
    return db.query("SELECT * FROM packets ORDER BY seq").all() as Record<string, unknown>[];
  } finally {
    db.close();
  }
};

/** A file as the predecessor leaves it. */
function seed(old: Project, columns: string, ...statements: string[]) {
  const file = path.join(old.folder, QUEUE);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const db = new Database(file, { create: true });
  for (const statement of ["PRAGMA journal_mode = WAL", `CREATE TABLE packets (${columns})`, ...statements]) {
    db.run(statement);
  }
  db.close();
}

const COLUMNS =
  "seq INTEGER PRIMARY KEY AUTOINCREMENT, enqueued_at TEXT NOT NULL, idempotency_key TEXT NOT NULL UNIQUE, packet_id TEXT NOT NULL, ts TEXT NOT NULL, kind TEXT NOT NULL, source_id TEXT NOT NULL, payload_json TEXT NOT NULL, meta_json TEXT NOT NULL";

const enqueue = (packets: string, between = "") => `version: 2
nodes:
  - { id: src, kind: source, plugin: "${D}.dev:StaticSource", config: { packets: [${packets}] } }
${between}  - { id: queue, kind: sink, plugin: "${D}.durable_sqlite:SqliteQueueSink", config: { path: ${QUEUE} } }
edges:
${between === "" ? "  - { from: src, to: queue }" : "  - { from: src, to: mid }\n  - { from: mid, to: queue }"}
`;

const drain = (config: string, ack = true) => `version: 2
nodes:
  - { id: queue, kind: source, plugin: "${D}.durable_sqlite:SqliteQueueSource", config: { path: ${QUEUE}, ${config} } }
  - { id: out, kind: node, plugin: "${D}.dev:PrintSink", config: { forward: true } }
${ack ? `  - { id: ack, kind: sink, plugin: "${D}.durable_sqlite:SqliteQueueAckSink", config: { path: ${QUEUE} } }\n` : ""}edges:
  - { from: queue, to: out }
${ack ? "  - { from: out, to: ack }\n" : ""}`;

async function runText(old: Project, text: string) {
  old.write("g.yaml", text);
  return await old.run("g.yaml");
}

const payloads = (printed: string[]) => printed.map((line) => JSON.parse(line).payload);

describe("the predecessor's durable samples", () => {
  test("dev_durable: enqueue, drain, drain and ack, and again, with its counts", async () => {
    using old = project();
    const run = (name: string) => old.run(old.sample(`dev_durable_${name}`));
    const enqueued = await run("enqueue");
    expect(enqueued).toMatchObject({ code: 0, counts: "1/1/1", report: { status: "ok" } });
    expect(enqueued.metrics).toMatchObject({ "node.queue.enqueued_total": 1, "node.queue.queue_depth": 1 });
    const drained = await run("drain");
    expect(drained).toMatchObject({ code: 0, counts: "1/1/1" });
    expect(drained.metrics).toMatchObject({ "node.queue.emitted_total": 1, "node.queue.queue_depth": 1 });
    const acked = await run("drain_ack");
    expect(acked).toMatchObject({ code: 0, counts: "2/2/1" });
    expect(acked.metrics).toMatchObject({ "node.ack.acked_total": 1, "node.ack.queue_depth": 0 });
    expect(await run("drain_ack")).toMatchObject({ code: 0, counts: "0/0/0", report: { status: "ok" } });
  });

  test("showcase_durable: the file that SS_SHOWCASE_QUEUE_PATH names", async () => {
    using old = project();
    const env = { SS_SHOWCASE_QUEUE_PATH: "here/show.sqlite3" };
    const run = (name: string) => old.run(old.sample(`showcase_durable_${name}`), env);
    expect(await run("enqueue")).toMatchObject({ code: 0, counts: "1/1/1" });
    expect(rows(old, "here/show.sqlite3")).toHaveLength(1);
    expect(await run("drain_ack")).toMatchObject({ code: 0, counts: "2/2/1" });
    expect(await run("drain_ack")).toMatchObject({ code: 0, counts: "0/0/0" });
  });
});

describe("a queue file of the predecessor", () => {
  test("gets rows it can read: its columns, compact JSON, ASCII only, whole floats kept", async () => {
    using old = project();
    await runText(
      old,
      enqueue(
        '{ packet_id: p1, ts: "2026-02-14T00:00:00Z", kind: e, source_id: 현장, payload: { "예": 20.0, n: 1e-7, l: [1, .nan] } }',
      ),
    );
    expect(rows(old)).toEqual([
      {
        seq: 1,
        enqueued_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/),
        idempotency_key: "p1",
        packet_id: "p1",
        ts: "2026-02-14T00:00:00Z",
        kind: "e",
        source_id: "현장",
        payload_json: '{"\\uc608":20.0,"n":1e-07,"l":[1,NaN]}',
        meta_json: "{}",
      },
    ]);
  });

  test("is read as it wrote it, and a whole float comes out as one", async () => {
    using old = project();
    const row = `VALUES ('2026-01-01T00:00:00.000000+00:00', 'k', 'p', 't', 'event', 'cam', '{"area":20.0,"n":3,"part":NaN,"s":"NaN"}', '{"a":1.0}')`;
    seed(
      old,
      COLUMNS,
      `INSERT INTO packets (enqueued_at, idempotency_key, packet_id, ts, kind, source_id, payload_json, meta_json) ${row}`,
    );
    const { printed } = await runText(old, drain("limit: 5"));
    expect(printed).toEqual([
      '{"packet_id": "p", "ts": "t", "kind": "event", "source_id": "cam", "payload": {"area": 20.0, "n": 3, ' +
        `"part": NaN, "s": "NaN"}, "meta": {"a": 1.0, "durable": {"queue": "sqlite", "path": "${QUEUE}", "seq": 1, "node_id": "queue"}}}`,
    ]);
    expect(rows(old)).toEqual([]);
  });

  test("of an older release gets its key column, filled from the packet ids", async () => {
    using old = project();
    seed(
      old,
      COLUMNS.replace("idempotency_key TEXT NOT NULL UNIQUE, ", ""),
      `INSERT INTO packets (enqueued_at, packet_id, ts, kind, source_id, payload_json, meta_json) VALUES ('t', 'p1', 't', 'e', 's', '1', '{}')`,
    );
    const { metrics } = await runText(old, enqueue("{ packet_id: p1, payload: 2 }, { packet_id: p2, payload: 2 }"));
    expect(metrics["node.queue.queue_depth"]).toBe(2);
    expect(rows(old).map((row) => [row.seq, row.idempotency_key, row.payload_json])).toEqual([
      [1, "p1", "1"],
      // The copy that was passed over used a number up, there as here.
      [3, "p2", "2"],
    ]);
  });

  test("that is our own is not written in its layout", async () => {
    using old = project();
    old.write(
      "own.yaml",
      enqueue("{ payload: 1 }").replace(`${D}.durable_sqlite:SqliteQueueSink`, "sqlite_queue_sink"),
    );
    expect(await old.run("own.yaml")).toMatchObject({ code: 0 });
    const refused = await runText(old, enqueue("{ payload: 1 }"));
    expect([refused.code, refused.report?.status]).toEqual([1, "error"]);
    expect(refused.report?.error).toContain("QUEUE_FOREIGN");
  });
});

describe("as in the predecessor,", () => {
  const keyed = (key: string, payload: number) => `{ payload: ${payload}, meta: { idempotency_key: ${key} } }`;

  test("a key is stored once while its row waits, and again after the ack, with a new number", async () => {
    using old = project();
    const first = await runText(old, enqueue(`${keyed("a", 1)}, ${keyed("a", 2)}`));
    expect(first.metrics).toMatchObject({ "node.queue.enqueued_total": 2, "node.queue.queue_depth": 1 });
    expect(payloads((await runText(old, drain("limit: 9"))).printed)).toEqual([1]);
    await runText(old, enqueue(keyed("a", 3)));
    const [row] = rows(old);
    expect(row).toMatchObject({ idempotency_key: "a", payload_json: "3" });
    expect(row!.seq).toBeGreaterThan(1);
  });

  test("copies of a burst share the key they inherit; ours says so", async () => {
    using old = project();
    const burst = `  - { id: mid, kind: node, plugin: "${D}.dev:BurstNode", config: { count: 5 } }\n`;
    const { metrics } = await runText(old, enqueue(keyed("a", 1), burst));
    expect(metrics).toMatchObject({
      "node.queue.enqueued_total": 5,
      "node.queue.queue_depth": 1,
      "node.queue.duplicates_total": 4,
    });
  });

  test("rows that are not acknowledged come again in every run, and hold up those behind the limit", async () => {
    using old = project();
    await runText(old, enqueue("{ payload: 1 }, { payload: 2 }, { payload: 3 }"));
    for (const _run of [1, 2]) {
      const { metrics, printed } = await runText(old, drain("limit: 2", false));
      expect(payloads(printed)).toEqual([1, 2]);
      expect(metrics["node.queue.queue_depth"]).toBe(3);
    }
  });

  test("delete_on_emit removes rows before anything else runs", async () => {
    using old = project();
    await runText(old, enqueue("{ payload: 1 }, { payload: 2 }"));
    const { metrics } = await runText(old, drain('limit: "1", delete_on_emit: true', false));
    expect(metrics).toMatchObject({ "node.queue.emitted_total": 1, "node.queue.queue_depth": 1 });
  });

  test("an ack without a number is an error and counted, one of 0 is counted alone, an unknown one is missing", async () => {
    using old = project();
    const packets = ["{}", '{ durable: { seq: "x" } }', "{ durable: { seq: 0 } }", "{ durable: { seq: 9 } }"]
      .map((meta) => `{ payload: 1, meta: ${meta} }`)
      .join(", ");
    const text = enqueue(packets).replace("SqliteQueueSink", "SqliteQueueAckSink");
    const { metrics, report } = await runText(old, text);
    expect(metrics).toMatchObject({
      "node.queue.ack_invalid_total": 3,
      "node.queue.ack_missing_total": 1,
      "node.queue.acked_total": 0,
    });
    expect(report?.status).toBe("degraded");
  });
});
