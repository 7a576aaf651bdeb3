import type { GraphChanges } from "../../graph/changes.ts";
import type { GraphPlan } from "../../graph/plan.ts";
import type { ReloadsSnapshot } from "../../observe/index.ts";
import type { DurableHost } from "../durable/edges.ts";
import type { Engine } from "../engine.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { Reload } from "./reload.ts";

/** Packets at work leave within this, as at a stop; a call that takes longer keeps the old graph. */
export const DEFAULT_RELOAD_MS = 10_000;

/**
 * - `reloaded`: the new graph runs
 * - `unchanged`: there was nothing to do
 * - `refused`: nothing was tried
 * - `rolled_back`: it was tried, and the old graph goes on as if nothing had been
 */
export type ReloadOutcome = "reloaded" | "unchanged" | "refused" | "rolled_back";

export interface ReloadResult {
  readonly outcome: ReloadOutcome;
  readonly generation: number;
  /** Why not. */
  readonly reason?: string;
  readonly hint?: string;
  /** Undefined when the two graphs were not compared. */
  readonly changes?: GraphChanges;
  /** Sources before what changed stood still for so long. */
  readonly pauseMs?: number;
}

export interface ReloadOptions {
  readonly changes: GraphChanges;
  /** Queues of the new plan; one that goes on is the one that is open. */
  readonly durable?: DurableHost;
  /** State may be dropped. */
  readonly dropState?: boolean;
  /** Rows may be left on the disk with nobody to read them. */
  readonly orphan?: boolean;
  readonly deadlineMs?: number;
  /** Called between two turns, before a node of the new graph is. */
  readonly onSwapped?: () => void;
}

/** The reloads of a run, one at a time. */
export class Reloads {
  /** Rises with each that succeeds. */
  generation = 0;
  readonly counts: Record<ReloadOutcome, number> = { reloaded: 0, unchanged: 0, refused: 0, rolled_back: 0 };
  #pauseMs: number | undefined;
  last: ReloadResult | undefined;
  readonly #engine: Engine;
  #under: Reload | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get underWay(): boolean {
    return this.#under !== undefined;
  }

  /** Puts another plan in place of the one that runs, at a packet boundary. Never rejects. */
  async reload(plan: GraphPlan, options: ReloadOptions): Promise<ReloadResult> {
    if (this.#under !== undefined) {
      const hint = "ask again when it is done";
      return this.note({ outcome: "refused", reason: "another reload is under way", hint });
    }
    if (this.#engine.state !== "running") {
      return this.note({ outcome: "refused", reason: `the run is ${this.#engine.state}, and takes no other graph` });
    }
    const under = new Reload(this.#engine, plan, options);
    this.#under = under;
    try {
      return this.note(await under.carryOut());
    } finally {
      this.#under = undefined;
      this.#engine.work();
    }
  }

  /** Why a reload would not even be tried. Before anything is opened for it. */
  refusal(plan: GraphPlan, options: ReloadOptions): Refusal | undefined {
    return refusalOf(this.#engine.plan, plan, this.#engine.durable.links.values(), options);
  }

  /** Undefined before the first. */
  snapshot(): ReloadsSnapshot | undefined {
    if (this.last === undefined) return undefined;
    const { outcome, reason } = this.last;
    const { generation, counts } = this;
    return { generation, outcomes: { ...counts }, last: { outcome, reason }, pauseMs: this.#pauseMs };
  }

  /** After each turn of the engine. */
  turnEnded() {
    this.#under?.turnEnded();
  }

  /** The run ends. */
  callOff() {
    this.#under?.callOff("the run ends");
  }

  /** Counts one; also one that ended before it came to the engine. */
  note(result: Omit<ReloadResult, "generation">): ReloadResult {
    if (result.outcome === "reloaded") this.generation += 1;
    this.counts[result.outcome] += 1;
    this.#pauseMs = result.pauseMs ?? this.#pauseMs;
    this.last = { ...result, generation: this.generation };
    return this.last;
  }
}
