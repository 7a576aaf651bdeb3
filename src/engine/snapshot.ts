import type { Clock } from "../base/clock.ts";
import type { EdgeSnapshot, NodeSnapshot, RunSnapshot, RunStatus } from "../observe/index.ts";
import type { Engine } from "./engine.ts";
import { eventTimeMetrics } from "./event_time/metrics.ts";
import { NodeRun } from "./node_run.ts";
import type { EdgeRun, Producer } from "./producer.ts";
import type { SourceRun } from "./source_run.ts";

/** What a run looks like now. Cheap enough to take every second. */
export function takeSnapshot(engine: Engine): RunSnapshot {
  const { plan, host, letters } = engine;
  const snapshot: RunSnapshot = {
    graph: { name: plan.name, path: plan.path, hash: plan.hash, profile: plan.profile },
    status: statusOf(engine),
    state: engine.state,
    seed: host.seed,
    startedAtMs: engine.startedAtMs,
    uptimeMs: host.clock.monotonicMs() - engine.startedMonotonicMs,
    nodes: engine.wiring.producers.slice(0, plan.nodes.length).map((producer) => nodeSnapshot(producer, host.clock)),
    edges: engine.wiring.edges.slice(0, plan.edges.length).map((edge) => snapshotOf(edge, engine)),
    deadLetters: { total: letters.total, recent: letters.recent() },
    loop: { turns: engine.turns, lastTurnMonotonicMs: engine.lastTurnMs, maxTurnMs: engine.maxTurnMs },
    lastProgressMonotonicMs: engine.lastProgressMs,
  };
  const kept = host.blobs?.stats?.();
  if (kept !== undefined) snapshot.blobs = { files: kept.blobs, bytes: kept.bytes };
  const checkpoints = engine.checkpoints.snapshot();
  if (checkpoints !== undefined) snapshot.checkpoints = checkpoints;
  const cells = engine.blackboard.figures();
  if (cells !== undefined) snapshot.cells = cells;
  const reloads = engine.reloads.snapshot();
  if (reloads !== undefined) snapshot.reloads = reloads;
  if (engine.stopReason !== undefined) snapshot.stopReason = engine.stopReason;
  if (engine.failure !== undefined) snapshot.failure = engine.failure.message;
  return snapshot;
}

/** `degraded`: something went wrong that the run survived; packets shed on purpose are not that. */
function statusOf({ failure, letters, wiring }: Engine): RunStatus {
  if (failure !== undefined) return "error";
  if (letters.total > 0) return "degraded";
  const wrong = ({ counters }: Producer) =>
    counters.errors > 0 ||
    counters.lateEmits > 0 ||
    counters.dropped.has("drain_deadline") ||
    counters.dropped.has("kept");
  return wiring.producers.some(wrong) ? "degraded" : "ok";
}

function nodeSnapshot(producer: Producer, clock: Clock): NodeSnapshot {
  const { plan, counters, lastError } = producer;
  const isNode = producer instanceof NodeRun;
  const snapshot: NodeSnapshot = {
    id: plan.id,
    plugin: plan.definition.name,
    kind: plan.definition.kind,
    isSource: !isNode,
    isSink: isNode && plan.definition.kind === "sink",
    counters,
    own: { ...ownMetrics(producer as NodeRun | SourceRun), ...eventTimeMetrics(producer, clock.nowMs()) },
    inboxes: isNode ? producer.inputs.map(inboxSnapshot) : [],
    inFlight: isNode ? producer.inFlight : 0,
  };
  if (lastError !== undefined) snapshot.lastError = lastError;
  if (isNode && producer.delivered) snapshot.circuitOpen = producer.delivered.circuitOpen;
  const busySinceMs = isNode ? producer.busySinceMs : undefined;
  if (busySinceMs !== undefined) snapshot.busyMs = clock.monotonicMs() - busySinceMs;
  return snapshot;
}

function inboxSnapshot({ name, feedback, inbox }: NodeRun["inputs"][number]) {
  const { count, bytes, limits, peak } = inbox;
  // No port has a dot in its name.
  return { port: feedback ? `${name}.loop` : name, depth: count, bytes, capacity: limits.capacity, peak };
}

/** A plugin's `metrics` may throw or return nonsense; a snapshot never fails for it. */
function ownMetrics({ instance }: NodeRun | SourceRun): Record<string, number> {
  try {
    const own = Object.entries(instance?.metrics?.() ?? {});
    return Object.fromEntries(own.filter(([, value]) => Number.isFinite(value)));
  } catch {
    return {};
  }
}

function snapshotOf(edge: EdgeRun, { durable, wiring }: Engine): EdgeSnapshot {
  const link = durable.links.get(edge.index);
  if (link === undefined) return edgeSnapshot(edge);
  const far = edgeSnapshot(wiring.edges[durable.plan.behind.get(edge.index)!]!);
  const { counts, counters } = link;
  const { ready, leased, droppedOldest, deadDropped: _, ...stats } = link.queue.stats();
  const dropped = new Map(counters.dropped);
  if (droppedOldest > 0) dropped.set("queue_full", (dropped.get("queue_full") ?? 0) + droppedOldest);
  return {
    from: edge.from.id,
    fromPort: edge.fromPort,
    to: far.to,
    toPort: far.toPort,
    counters: { passed: counters.passed, dropped, waitMs: counters.waitMs },
    depth: ready + leased,
    durable: { ...counts, ready, leased, ...stats },
  };
}

function edgeSnapshot(edge: EdgeRun): EdgeSnapshot {
  const direct = edge.counters.passed - edge.queued;
  if (direct > 0) edge.counters.waitMs.recordMany(0, direct);
  // Recorded now, so from here on they count as having gone the usual way.
  edge.queued = edge.counters.passed;
  return {
    from: edge.from.id,
    fromPort: edge.fromPort,
    to: edge.to.id,
    toPort: edge.input.name,
    counters: edge.counters,
    depth: edge.input.inbox.count,
  };
}
