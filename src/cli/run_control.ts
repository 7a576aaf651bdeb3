import { systemClock } from "../base/clock.ts";
import type { Engine } from "../engine/index.ts";
import { type Log, type Redactor, runReport } from "../observe/index.ts";
import type { RunReloads } from "./run_reload.ts";
import type { RunState } from "./run_state.ts";

interface Controlled {
  close(): Promise<void>;
}

/**
 * Opens the local channel by which commands look into a run, in its state directory, which the locks of its files make
 * its own. Where it cannot be made (a disk without sockets) the run goes on without it and says so.
 */
export async function controlRun(
  state: RunState,
  engine: Engine,
  redactor: Redactor,
  log: Log,
  reloads: RunReloads,
): Promise<Controlled> {
  const { queueVerbs, serveControl } = await import("../control/index.ts");
  // Conditions bring a library along that few runs are ever asked for.
  const { whereCondition } = await import("./queue_where.ts");
  const queues = queueVerbs({
    ...{ queues: () => state.queues, clock: systemClock, condition: whereCondition },
    // Asked at each call: a reload changes them.
    get inputs() {
      return new Map(engine.plan.nodes.map(({ id, inputs }) => [id, inputs]));
    },
  });
  const status = () => runReport(engine.snapshot(), systemClock.nowMs(), redactor);
  try {
    return await serveControl({
      path: state.dir.socket,
      verbs: { ...queues, status, reload: (args) => reloads.asked(args), graph: () => reloads.written() },
      clock: systemClock,
      onError: (error) => log.error("a command at the control channel failed", { error: error.message }),
    });
  } catch (error) {
    log.warn("commands cannot look into this run", { reason: (error as Error).message });
    return { close: async () => {} };
  }
}
