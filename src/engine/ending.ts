import type { NodeRun } from "./node_run.ts";

/** A node that asks to be woken again and again without a packet in between is let be after so many calls. */
const MAX_WAKES = 100;

interface Run {
  readonly wiring: { readonly nodes: readonly NodeRun[] };
  readonly checkpoints: { readonly on: boolean };
  /** Undefined while the input comes to its end by itself. */
  readonly stopReason: string | undefined;
}

interface Woken {
  calls: number;
  /** What it had consumed by the last of them. */
  consumed: number;
}

/**
 * What nodes are still told when nothing else can happen in a run any more: that their input has ended, and that what
 * they waited for is over. One call at a time, upstream first, so that what comes of it reaches the nodes behind before
 * those hear of the end.
 */
export class Ending {
  readonly #run: Run;
  readonly #woken = new Map<NodeRun, Woken>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** Makes the next call ready. False: there is none left. */
  step(): boolean {
    const { stopReason, checkpoints } = this.#run;
    // A run that was stopped may go on another time from what its nodes have in mind.
    const ends = stopReason === undefined || !checkpoints.on;
    const nodes = this.#run.wiring.nodes.filter(({ timed }) => timed !== undefined);
    return nodes.sort((a, b) => a.rank - b.rank).some((node) => this.#tell(node, ends) && node.runnable);
  }

  #tell(node: NodeRun, ends: boolean): boolean {
    const timed = node.timed!;
    if (ends && timed.advances && timed.toldMs < Number.POSITIVE_INFINITY) {
      timed.advanceTo(Number.POSITIVE_INFINITY);
      return true;
    }
    if (!timed.asked || !this.#mayWake(node)) return false;
    timed.wakeNow();
    return true;
  }

  #mayWake(node: NodeRun): boolean {
    const { consumed } = node.counters;
    const before = this.#woken.get(node);
    const calls = before?.consumed === consumed ? before.calls + 1 : 1;
    this.#woken.set(node, { calls, consumed });
    return calls <= MAX_WAKES;
  }
}
