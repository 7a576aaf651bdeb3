import { expect, test } from "bun:test";
import { createRedactor, reportLine, runReport, summary } from "../../src/observe/index.ts";
import { checkpoints, runSnapshot, troubledRun } from "../support/run.ts";

const now = Date.UTC(2026, 0, 1, 0, 0, 2);
const report = (run = runSnapshot()) => runReport(run, now, createRedactor());

test("runReport() tells of checkpoints, when the run keeps state", () => {
  const { checkpoints: told } = runReport(runSnapshot({ checkpoints: checkpoints() }), 0, createRedactor([]));
  expect(told).toMatchObject({
    ...{ taken: 1, written_bytes: 500, state_bytes: 500, file_bytes: 40_960, trouble: null, restored: 3 },
    skipped: [{ reason: "busy", node: "person", count: 2 }],
    dropped: [{ part: "node old", reason: "the graph has no such node with a state any more" }],
  });
  expect(told!.pause_ms!.max).toBe(4);
  expect(runReport(runSnapshot(), 0, createRedactor([]))).not.toHaveProperty("checkpoints");
});

test("runReport() begins with the predecessor's keys", () => {
  expect(Object.keys(report()).slice(0, 6)).toEqual(["ts", "status", "engine", "graph_version", "graph", "metrics"]);
  expect(report()).toMatchObject({
    ts: "2026-01-01T00:00:02.000Z",
    status: "ok",
    engine: "inproc",
    graph_version: 2,
    graph: "graphs/yard.yaml",
  });
});

test("runReport().metrics has the predecessor's flat keys and no others", () => {
  expect(report().metrics).toEqual({
    "packets.consumed_total": 20,
    "packets.produced_total": 20,
    "packets.source_emitted_total": 10,
    "packets.dropped_total": 0,
    "node.cam.consumed": 0,
    "node.cam.produced": 10,
    "node.cam.is_source": 1,
    "node.cam.is_sink": 0,
    "node.cam.inbox_dropped_total": 0,
    "node.person.consumed": 10,
    "node.person.produced": 10,
    "node.person.is_source": 0,
    "node.person.is_sink": 0,
    "node.person.inbox_dropped_total": 0,
    "node.out.consumed": 10,
    "node.out.produced": 0,
    "node.out.is_source": 0,
    "node.out.is_sink": 1,
    "node.out.inbox_dropped_total": 0,
  });
});

test("runReport().metrics rounds what a node measures itself and node_metrics does not", () => {
  const { metrics, node_metrics } = report(troubledRun());
  expect(metrics).toMatchObject({ "node.person.inference_ms": 13, "node.person.frames_total": 10 });
  expect(node_metrics).toEqual({ person: { inference_ms: 12.5, frames_total: 10 } });
});

test("runReport() counts inbox drops apart from those of on_error, each with its reason", () => {
  const { metrics, drops } = report(troubledRun());
  expect(metrics).toMatchObject({ "packets.dropped_total": 6, "node.person.inbox_dropped_total": 4 });
  expect(drops).toEqual([
    { node: "person", reason: "drop_oldest", packets: 4 },
    { node: "person", reason: "on_error", packets: 2 },
  ]);
});

test("runReport() names the fullest each inbox ever was, beside its bound", () => {
  const run = troubledRun();
  const all = run.nodes.flatMap(({ id, inboxes }) =>
    inboxes.map(({ port, peak, capacity }) => ({ node: id, port, peak, capacity })),
  );
  expect(all.length).toBeGreaterThan(0);
  expect(report(run).inboxes).toEqual(all);
});

test("runReport() counts what was emitted too late, by node", () => {
  expect(report(troubledRun()).late_emits).toEqual([{ node: "person", packets: 1 }]);
  expect(report(runSnapshot()).late_emits).toEqual([]);
});

test("runReport() gives each edge its waits, and null where nothing passed", () => {
  const [first, second] = report(troubledRun()).edges;
  expect(first).toMatchObject({ from: "cam.out", to: "person.in", passed: 10, dropped: { drop_oldest: 4 } });
  expect(first!.wait_ms!.p50).toBeCloseTo(2, 1);
  expect(first!.wait_ms!.p99).toBeGreaterThan(1_950);
  expect(first!.wait_ms!.max).toBe(2_000);
  expect(second!.wait_ms).toBeNull();
});

test("runReport() names errors and dead letters by node and packet, without their secrets", () => {
  const { errors, dead_letters } = report(troubledRun());
  expect(errors).toEqual([
    {
      node: "person",
      count: 2,
      last_message: "no model at https://***@models.example/a?token=***",
      last_at: "2026-01-02T00:00:00.000Z",
    },
  ]);
  const letter = { node: "person", reason: "password=*** refused", attempts: 2, at: "2026-01-01T00:00:01.000Z" };
  expect(dead_letters).toEqual({
    total: 2,
    first: [
      { packet_id: "p-1", ...letter },
      { packet_id: null, ...letter },
    ],
  });
});

test("runReport() says why the run stopped, with its seed and length", () => {
  expect(report(troubledRun())).toMatchObject({ stop_reason: "signal", seed: 7, duration_ms: 2_000, error: null });
  expect(report().stop_reason).toBeNull();
});

test("runReport() hides secrets in what failed the run", () => {
  const failed = runSnapshot({ status: "error", failure: "cannot open rtsp://admin:pa/ss@10.0.0.5/live" });
  expect(report(failed).error).toBe("cannot open rtsp://***@10.0.0.5/live");
});

test("reportLine() is one line", () => {
  const failed = runSnapshot({ failure: "two\nlines" });
  expect(reportLine(report(failed))).not.toContain("\n");
});

test("summary() says in one sentence what ran and what was lost", () => {
  expect(summary(runSnapshot({ stopReason: "end_of_input" }))).toBe(
    "yard: ok (3 nodes, 2 edges, packets=20, 2.0 s, stopped by end_of_input)",
  );
  expect(summary(troubledRun())).toBe(
    "yard: degraded (3 nodes, 2 edges, packets=20, 2.0 s, 6 dropped, 2 dead letters, stopped by signal)",
  );
});
