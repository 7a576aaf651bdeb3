import { toError } from "../../base/to_error.ts";
import type { GraphChanges } from "../../graph/changes.ts";
import type { NodeInstance } from "../../node/index.ts";
import { closeAll } from "../closing.ts";
import { create } from "../creating.ts";
import type { Engine } from "../engine.ts";
import { openAll } from "../opening.ts";
import { SourceRun } from "../source_run.ts";
import type { Fresh, Made } from "./fresh.ts";
import { stateIn } from "./swap.ts";

/** Ids of nodes that take over what only one can have. */
export const takers = ({ nodes }: GraphChanges): Set<string> =>
  new Set(nodes.filter((one) => "takes" in one && one.takes !== undefined).map(({ node }) => node));

/** Ids of nodes that have it. */
const holders = ({ nodes }: GraphChanges): Set<string> =>
  new Set(nodes.flatMap((one) => ("takes" in one ? (one.takes ?? []) : [])).map(({ from }) => from));

/**
 * Ports, files and devices that go from nodes of the running graph to new ones. The old ones are at rest and are closed
 * before the new ones are created; when one of those fails, the old ones are created and opened again.
 */
export class Handover {
  /** Nodes of the running graph that are closed by now. */
  readonly closed: readonly Made[] = [];
  /** What they knew, by id. */
  readonly states = new Map<string, unknown>();
  readonly #engine: Engine;
  readonly #from: readonly Made[];
  readonly #to: readonly Made[];

  constructor(engine: Engine, changes: GraphChanges, { byKey }: Fresh) {
    this.#engine = engine;
    const [having, taking] = [holders(changes), takers(changes)];
    this.#from = (engine.wiring.producers as Made[]).filter(({ id }) => having.has(id));
    this.#to = [...byKey.values()].filter(({ id }) => taking.has(id));
  }

  get needed(): boolean {
    return this.#to.length > 0;
  }

  /** Throws why a new one does not open; {@link takeBack} is for that. */
  async carryOut(fresh: Fresh, off: AbortSignal) {
    for (const one of this.#from) {
      if (one.instance.snapshot !== undefined) this.states.set(one.id, stateIn(one));
      if (one instanceof SourceRun) one.letGo();
      else one.halted = true;
    }
    Object.assign(this, { closed: this.#from });
    await closeAll(this.#from, this.#engine.host.clock, new Int32Array(2));
    await fresh.bring(this.#to, off);
  }

  /** The new ones are closed: the old ones go on. The run fails when one of them does not open any more. */
  async takeBack(reason: string) {
    for (const one of this.closed) {
      const failure = await this.#again(one);
      if (one instanceof SourceRun) continue;
      one.halted = false;
      this.#engine.scheduler.refresh(one);
      if (failure === undefined) continue;
      const text = `${failure.message}; it was closed for a reload, which failed: ${reason}`;
      this.#engine.fail(new Error(text, { cause: failure }));
    }
    Object.assign(this, { closed: [] });
  }

  /** A source that fails begins again by its own policy, as at any other time. */
  async #again(one: Made): Promise<Error | undefined> {
    const { creation, host, restarts, state } = this.#engine;
    let failure = create(one, creation);
    if (failure === undefined) {
      const state = this.states.get(one.id);
      if (state !== undefined) (one.instance as NodeInstance).restore?.(state);
      const fail = (error: Error) => {
        failure = error;
      };
      await openAll({ wiring: { producers: [one] }, host, fail });
    }
    if (!(one instanceof SourceRun) || one.ended || state !== "running") return failure;
    if (failure === undefined) restarts.start(one);
    else restarts.failed(one, toError(failure.cause ?? failure));
    return failure;
  }
}
