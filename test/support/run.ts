import {
  addDrops,
  type CheckpointSnapshot,
  DeadLetters,
  type DurableSnapshot,
  EdgeCounters,
  Histogram,
  NodeCounters,
  type RunSnapshot,
} from "../../src/observe/index.ts";
import { packet } from "./node.ts";

/** A run of source "cam" → "person" → sink "out", ten packets in, at monotonic time 0. */
export function runSnapshot(changes: Partial<RunSnapshot> = {}): RunSnapshot {
  const edges = ["cam", "person"].map((from, index) => ({
    from,
    fromPort: "out",
    to: ["person", "out"][index]!,
    toPort: "in",
    counters: Object.assign(new EdgeCounters(), { passed: 10 }),
    depth: 0,
  }));
  return {
    graph: { name: "yard", path: "graphs/yard.yaml", hash: "ab".repeat(32) },
    status: "ok",
    state: "running",
    seed: 7,
    startedAtMs: Date.UTC(2026, 0, 1),
    uptimeMs: 2_000,
    nodes: [
      node("cam", { produced: 10 }),
      node("person", { consumed: 10, produced: 10 }),
      node("out", { consumed: 10 }),
    ],
    edges,
    deadLetters: { total: 0, recent: [] },
    loop: { turns: 4, lastTurnMonotonicMs: 0, maxTurnMs: 3 },
    lastProgressMonotonicMs: 0,
    ...changes,
  };
}

/** The same run after everything went wrong that can, with secrets in its messages. */
export function troubledRun(): RunSnapshot {
  const run = runSnapshot({ status: "degraded", stopReason: "signal" });
  const [cam, person] = run.nodes as [RunSnapshot["nodes"][0], RunSnapshot["nodes"][0]];
  Object.assign(person, {
    own: { inference_ms: 12.5, frames_total: 10 },
    inboxes: [{ port: "in", depth: 3, bytes: 3_000, capacity: 4, peak: 4 }],
    inFlight: 1,
    lastError: {
      message: "no model at https://ops:hunter22@models.example/a?token=abcdef",
      atMs: Date.UTC(2026, 0, 2),
    },
  });
  Object.assign(cam.counters, { restarts: 1 });
  Object.assign(person.counters, { errors: 2, retries: 1, deadLetters: 2, lateEmits: 1, unrouted: 5 });
  addDrops(person.counters.dropped, "drop_oldest", 4);
  addDrops(person.counters.dropped, "on_error", 2);
  const [edge] = run.edges as [RunSnapshot["edges"][0]];
  addDrops(edge.counters.dropped, "drop_oldest", 4);
  edge.counters.waitMs.recordMany(2, 9);
  edge.counters.waitMs.record(2_000);
  edge.durable = durableEdge({ ready: 7, dead: 1, oldestMs: Date.UTC(2026, 0, 1), tailLost: 2 });
  return {
    ...run,
    deadLetters: { total: 2, recent: troubledLetters().recent() },
    checkpoints: checkpoints(),
    cells: [{ name: "mode", writes: 3, refused: 1, expired: 2, bytes: 7 }],
    reloads: RELOADS,
  };
}

/** A durable edge that has done nothing yet, but for `changes`. */
export function durableEdge(changes: Partial<DurableSnapshot> = {}): DurableSnapshot {
  return {
    ...{ enqueued: 0, duplicates: 0, delivered: 0, redelivered: 0, acked: 0, nacked: 0 },
    ...{ ready: 0, leased: 0, dead: 0, bytes: 0, fileBytes: 0, walBytes: 0, oldestMs: undefined },
    ...{ tailLost: 0, damaged: 0, expired: 0, commits: 0, committedRows: 0, full: undefined, degraded: false },
    ...changes,
  };
}

function troubledLetters(): DeadLetters {
  const letters = new DeadLetters();
  const at = "2026-01-01T00:00:01.000Z";
  const letter = { node_id: "person", reason: "password=hunter22 refused", attempts: 2, first_at: at, at };
  letters.push({ ...letter, packet: packet({ packet_id: "p-1" }) }, 100);
  letters.push({ ...letter, record: "{broken" }, 100);
  return letters;
}

function node(id: string, counts: Partial<NodeCounters>): RunSnapshot["nodes"][number] {
  const kind = { cam: "source", out: "sink" }[id] ?? "transform";
  return {
    id,
    plugin: "identity",
    kind,
    isSource: kind === "source",
    isSink: kind === "sink",
    counters: Object.assign(new NodeCounters(), counts),
    own: {},
    inboxes: kind === "source" ? [] : [{ port: "in", depth: 0, bytes: 0, capacity: 256, peak: 1 }],
    inFlight: 0,
  };
}

/** Checkpoints of a run: one was taken, and one was not as a node was busy. */
export function checkpoints(changes: Partial<CheckpointSnapshot> = {}): CheckpointSnapshot {
  const [pauseMs, durationMs] = [new Histogram(), new Histogram()];
  pauseMs.record(4);
  durationMs.record(16);
  return {
    ...{ taken: 1, writtenBytes: 500, stateBytes: 500, fileBytes: 40_960, pauseMs, durationMs },
    ...{ intervalMs: 1_000, ageMs: 1_500, skipped: [{ reason: "busy", node: "person", count: 2 }], trouble: undefined },
    ...{ restored: 3, dropped: [{ part: "node old", reason: "the graph has no such node with a state any more" }] },
    ...changes,
  };
}

/** Two that succeeded, and one that was taken back. */
const RELOADS: NonNullable<RunSnapshot["reloads"]> = {
  generation: 2,
  outcomes: { reloaded: 2, rolled_back: 1 },
  last: { outcome: "rolled_back", reason: '"slow" is busy' },
  pauseMs: 4,
};
