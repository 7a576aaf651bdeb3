import { sleep } from "../../base/clock.ts";
import { closeAll } from "../closing.ts";
import type { Engine } from "../engine.ts";
import type { NodeRun } from "../node_run.ts";
import { openAll } from "../opening.ts";
import type { SourceRun } from "../source_run.ts";
import { CalledOff } from "./called_off.ts";

/** A model of hundreds of megabytes takes half of it on a small machine; what takes longer waits for what never comes. */
const OPEN_MS = 60_000;

/** Opens nodes one after the other. Throws what one throws, or that one takes too long, or why `off` was aborted. */
export async function openNew(engine: Engine, nodes: readonly (NodeRun | SourceRun)[], off: AbortSignal) {
  for (const node of nodes) if (node.instance.open !== undefined) await openOne(engine, node, off);
  if (off.aborted) throw off.reason;
}

async function openOne(engine: Engine, node: NodeRun | SourceRun, off: AbortSignal) {
  const { host } = engine;
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure = error;
  };
  const opening = openAll({ wiring: { producers: [node] }, host, fail });
  const over = new AbortController();
  const late = sleep(host.clock, OPEN_MS, AbortSignal.any([over.signal, off])).then(() => "late" as const);
  const came = await Promise.race([opening, late]);
  over.abort();
  if (came === true) return;
  if (came === false) throw failure;
  // It was closed while it opened, and has something open now that nobody would close any more.
  void opening.then(() => closeAll([node], host.clock, new Int32Array(2)));
  if (off.aborted) throw off.reason;
  throw new CalledOff(`node "${node.id}" (${node.plan.definition.name}) was not open after ${OPEN_MS / 1_000} s`);
}
