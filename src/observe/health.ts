import type { RunSnapshot } from "./snapshot.ts";

export type NotReadyCode =
  | "QUEUE_STUCK"
  | "STARTING"
  | "DRAINING"
  | "STOPPED"
  | "FAILED"
  | "STALLED"
  | "OUTSIDE_AWAY"
  | "CHECKPOINT_OLD";

export interface Readiness {
  ready: boolean;
  /** Empty exactly when ready. */
  reasons: readonly { code: NotReadyCode; message: string }[];
}

/** Longer than a slow model or a sink's timeouts with retries takes, short enough to be of use. */
export const DEFAULT_STALL_SEC = 30;

/** One that was missed is no trouble, and ten in a row are. */
const CHECKPOINTS_MISSED = 10;
/** Sources stand still for up to 5 s for a node that is busy, and a slow disk takes as long. */
const LONGEST_TRY_MS = 10_000;

/**
 * Tells whether the run does its work now: it is running, has not failed, and packets that are held
 * are moving, at every node. A graph with nothing to do is ready; a degraded one is too, since it goes on.
 *
 * `nowMs` is monotonic, of the clock that made the snapshot.
 */
export function readiness(run: RunSnapshot, nowMs: number, stallSec = DEFAULT_STALL_SEC): Readiness {
  const reasons = [
    ...stateReasons(run),
    ...stallReasons(run, nowMs, stallSec),
    ...busyReasons(run, stallSec),
    ...queueReasons(run),
    ...awayReasons(run),
    ...checkpointReasons(run),
  ];
  return { ready: reasons.length === 0, reasons };
}

const STATES: Partial<Record<RunSnapshot["state"], { code: NotReadyCode; message: string }>> = {
  starting: { code: "STARTING", message: "the run is still opening its nodes" },
  draining: { code: "DRAINING", message: "the sources are stopped and what is in flight is being finished" },
  stopped: { code: "STOPPED", message: "the run is over" },
};

function stateReasons(run: RunSnapshot): Readiness["reasons"] {
  const state = STATES[run.state];
  const failed = { code: "FAILED", message: "the run failed: the report says why" } as const;
  return [...(state ? [state] : []), ...(run.status === "error" ? [failed] : [])];
}

function stallReasons(run: RunSnapshot, nowMs: number, stallSec: number): Readiness["reasons"] {
  const stillMs = nowMs - run.lastProgressMonotonicMs;
  if (run.state === "stopped" || stillMs <= stallSec * 1_000) return [];
  const holders = run.nodes.map((node) => ({ id: node.id, held: held(node) })).filter(({ held }) => held > 0);
  if (holders.length === 0) return [];
  holders.sort((a, b) => b.held - a.held);
  const total = holders.reduce((sum, { held }) => sum + held, 0);
  const worst = holders
    .slice(0, 3)
    .map(({ id, held }) => `${held} at "${id}"`)
    .join(", ");
  return [
    {
      code: "STALLED",
      message: `nothing moved for ${Math.floor(stillMs / 1_000)} s although ${total} packets wait (${worst})`,
    },
  ];
}

/**
 * One node may be stuck while packets move elsewhere, above all where a full inbox sheds. One that holds packets for an
 * outside that is away is not stuck: what is in front of it waits, or is kept by a durable edge.
 */
function busyReasons({ state, nodes }: RunSnapshot, stallSec: number): Readiness["reasons"] {
  if (state === "stopped") return [];
  return nodes
    .filter(({ busyMs = 0, circuitOpen }) => !circuitOpen && busyMs > stallSec * 1_000)
    .map(({ id, busyMs }) => ({
      code: "STALLED",
      message: `node "${id}" has taken no packet for ${Math.floor(busyMs! / 1_000)} s, as none of its calls came back`,
    }));
}

/** Nothing gets out: every sink with a delivery policy, or every such node where there is no such sink, is shut. */
function awayReasons({ state, nodes }: RunSnapshot): Readiness["reasons"] {
  if (state === "stopped") return [];
  const outside = nodes.filter(({ circuitOpen }) => circuitOpen !== undefined);
  const ends = outside.some(({ isSink }) => isSink) ? outside.filter(({ isSink }) => isSink) : outside;
  if (ends.length === 0 || !ends.every(({ circuitOpen }) => circuitOpen)) return [];
  const names = ends.map(({ id }) => `"${id}"`);
  const shown = names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  return [{ code: "OUTSIDE_AWAY", message: `the outside takes no packets at ${shown}, which hold them and probe` }];
}

/** A durable edge that takes nothing for want of its disk: what it has is safe, and what comes has nowhere to go. */
function queueReasons({ state, edges }: RunSnapshot): Readiness["reasons"] {
  if (state === "stopped") return [];
  return edges.flatMap(({ from, fromPort, to, toPort, durable }) => {
    const why = durable?.degraded ? "its writes fail" : durable?.full && `it is full (${durable.full})`;
    if (!why) return [];
    return [
      {
        code: "QUEUE_STUCK",
        message: `durable edge ${from}.${fromPort}->${to}.${toPort} takes nothing: ${why}`,
      } as const,
    ];
  });
}

/** A crash now would repeat so much; and what waits for a checkpoint fills the queues. */
function checkpointReasons({ state, checkpoints }: RunSnapshot): Readiness["reasons"] {
  if (state === "stopped" || checkpoints === undefined) return [];
  const { ageMs, intervalMs, trouble } = checkpoints;
  if (ageMs <= CHECKPOINTS_MISSED * intervalMs + LONGEST_TRY_MS) return [];
  const since = `the last checkpoint is ${Math.floor(ageMs / 1_000)} s old`;
  return [{ code: "CHECKPOINT_OLD", message: trouble === undefined ? since : `${since}: ${trouble}` }];
}

function held(node: RunSnapshot["nodes"][number]): number {
  return node.inboxes.reduce((sum, inbox) => sum + inbox.depth, node.inFlight);
}
