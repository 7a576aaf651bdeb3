import type { PlanNode } from "../../graph/plan.ts";
import { closeAll } from "../closing.ts";
import { create } from "../creating.ts";
import type { Engine } from "../engine.ts";
import type { NodeRun } from "../node_run.ts";
import type { SourceRun } from "../source_run.ts";
import { newProducer } from "../wiring.ts";
import { openNew } from "./open_new.ts";

export type Made = SourceRun | NodeRun;

/** The nodes that a reload brings: new ones, and those that take the place of others. */
export class Fresh {
  readonly byKey = new Map<string, Made>();
  readonly #engine: Engine;
  readonly #created: Made[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Its counters are its own until it takes a place: what it fails at before is no trouble of the graph that runs. */
  add(key: string, node: PlanNode) {
    const { scheduler, events } = this.#engine;
    this.byKey.set(key, newProducer(node, -1, scheduler, events));
  }

  /** Creates and opens them. Throws why that failed; what is created then is closed by {@link close}. */
  async bring(nodes: readonly Made[], off: AbortSignal) {
    for (const one of nodes) {
      const error = create(one, this.#engine.creation);
      if (error !== undefined) throw error;
      this.#created.push(one);
    }
    await openNew(this.#engine, nodes, off);
  }

  /** Also what did not open. */
  async close() {
    await closeAll(this.#created.splice(0), this.#engine.host.clock, new Int32Array(2));
  }
}
