import type { Engine } from "../engine.ts";
import type { NodeRun } from "../node_run.ts";
import { TURN_MS } from "../scheduler.ts";
import { SourceRun } from "../source_run.ts";
import type { Affected } from "./affected.ts";
import { giveBack } from "./give_back.ts";
import { makeRoom } from "./room.ts";

/** While sources stand still, so that what has come to rest is seen at once, and not up to 8 ms later. */
const SHORT_TURN_MS = 1;

/** What stands still while a graph is changed: its sources at once, and nodes that others take the place of. */
export class Standstill {
  /** How long, once it is over. */
  pauseMs = 0;
  readonly #engine: Engine;
  readonly #affected: Affected;
  readonly #begunMs: number;
  readonly #paused: readonly SourceRun[];
  readonly #roomBack: () => void;
  #over = false;

  /** `more`: sources that stand still as well. */
  constructor(engine: Engine, affected: Affected, more: readonly SourceRun[]) {
    this.#engine = engine;
    this.#affected = affected;
    this.#begunMs = engine.host.clock.monotonicMs();
    const empties = (one: SourceRun) => affected.emptied.includes(one);
    const still = new Set([...affected.sources, ...more.filter((one) => !empties(one))]);
    this.#paused = [...still].filter((one) => !one.ended);
    for (const one of this.#paused) one.pause();
    for (const one of affected.leaving) {
      if (one instanceof SourceRun && one.instance.snapshot === undefined && !empties(one)) one.finishing = true;
    }
    this.#roomBack = makeRoom(engine, affected);
    engine.scheduler.turnMs = SHORT_TURN_MS;
    engine.work();
  }

  /** Nodes that leave end what they do. */
  halt() {
    for (const one of this.#affected.halted) this.#halt(one, true);
    giveBack(this.#affected, true);
    this.#engine.work();
  }

  /** Everything goes on. `swapped`: in the new graph, whose inboxes have bounds of their own. */
  end(swapped: boolean) {
    if (this.#over) return;
    this.#over = true;
    const { leaving, halted } = this.#affected;
    if (!swapped) this.#roomBack();
    this.#engine.scheduler.turnMs = TURN_MS;
    for (const one of leaving) if (one instanceof SourceRun) one.finishing = false;
    for (const one of halted) this.#halt(one, false);
    giveBack(this.#affected, false);
    for (const one of this.#paused) one.resume();
    this.#engine.work();
    this.pauseMs = this.#engine.host.clock.monotonicMs() - this.#begunMs;
  }

  #halt(node: NodeRun, halted: boolean) {
    node.halted = halted;
    this.#engine.scheduler.refresh(node);
  }
}
