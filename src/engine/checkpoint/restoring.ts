import type { NodeLog } from "../../node/index.ts";
import type { CheckpointStore, KeptCheckpoint } from "../../store/index.ts";
import type { DurableEdges } from "../durable/edges.ts";
import type { CheckpointFigures } from "./figures.ts";
import { giveBack, type Part } from "./parts.ts";
import { acknowledgeAgain } from "./repeat.ts";

interface Restoring {
  store: CheckpointStore;
  graph: string;
  parts: ReadonlyMap<string, Part>;
  figures: CheckpointFigures;
  log: NodeLog;
  durable: DurableEdges;
  /** Begin without a state. */
  fresh: boolean;
  nowMs: number;
}

/** Brings queues and nodes to where the last checkpoint was. Throws when the queues cannot be brought there. */
export async function restoreAll(restoring: Restoring) {
  const { store, graph, fresh } = restoring;
  tellLoss(restoring);
  const kept = await store.read();
  if (kept === undefined) return;
  if (kept.graph !== graph) {
    throw new Error(
      `${store.file} has the state of graph ${kept.graph}, and this is graph ${graph}: name another --state-dir, or begin without it: --fresh-state`,
    );
  }
  await repeatAcks(kept, restoring);
  if (fresh) return await forget(kept, restoring);
  restoreParts(kept, restoring);
}

/** On the disk at once: a crash must not bring the states back. */
async function forget({ states, done }: KeptCheckpoint, { store, graph, log, nowMs }: Restoring) {
  await store.commit({ graph, takenMs: nowMs, states: [], done });
  log.info("begins without the state of the run before", { states: states.length });
}

function tellLoss({ store, figures }: Restoring) {
  const { lost, movedTo } = store.loss;
  // The file itself has logged it; the report has it from here.
  if (movedTo !== undefined) figures.dropped.push({ part: "all", reason: `damaged, and moved to ${movedTo}` });
  if (lost > 0)
    figures.dropped.push({
      part: "all",
      reason: `the newest ${lost === 1 ? "checkpoint is" : `${lost} checkpoints are`} gone`,
    });
}

/** Before any row is handed out: what is in the state must not come again. */
async function repeatAcks({ done }: KeptCheckpoint, { durable, log }: Restoring) {
  for (const rows of done) {
    const queue = durable.queueNamed(rows.queue);
    if (queue === undefined) {
      log.warn("rows of a queue are in the state, and the graph has no such durable edge any more", {
        queue: rows.queue,
      });
      continue;
    }
    const repeated = await acknowledgeAgain(rows, queue);
    if (repeated > 0)
      log.info("rows that are in the state were acknowledged again", { queue: rows.queue, rows: repeated });
  }
}

function restoreParts({ states, takenMs }: KeptCheckpoint, { parts, figures, log }: Restoring) {
  for (const kept of states) {
    const part = parts.get(kept.part);
    const reason = giveBack(part, kept);
    const node = part?.name ?? kept.part;
    if (reason !== undefined) {
      figures.dropped.push({ part: kept.part, reason });
      log.error("a state of the run before is dropped", { node, reason });
      continue;
    }
    figures.restored += 1;
    if (kept.fault === undefined) continue;
    const older = `${kept.fault}: an older one is used, of ${new Date(kept.takenMs).toISOString()}`;
    figures.dropped.push({ part: kept.part, reason: older });
    log.error("the newest state is damaged, and what came since an older one is missing in it", {
      node,
      reason: older,
    });
  }
  log.info("goes on from a checkpoint", { taken_at: new Date(takenMs).toISOString(), states: figures.restored });
}
