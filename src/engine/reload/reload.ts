import { toError } from "../../base/to_error.ts";
import { isUnchanged } from "../../graph/changes.ts";
import type { GraphPlan } from "../../graph/plan.ts";
import type { Region } from "../checkpoint/region.ts";
import type { PreparedEdges } from "../durable/edges.ts";
import type { Engine } from "../engine.ts";
import { type Affected, affectedBy, busyIn, busyInRegion, emptying, keyOf } from "./affected.ts";
import { CalledOff } from "./called_off.ts";
import { closeGone } from "./close_gone.ts";
import { Fresh, type Made } from "./fresh.ts";
import { giveBack } from "./give_back.ts";
import { goesOn, handedOver } from "./going_on.ts";
import { Handover, takers } from "./handover.ts";
import { refusalOf } from "./refusal.ts";
import { DEFAULT_RELOAD_MS, type ReloadOptions, type ReloadResult } from "./reloads.ts";
import { Rest } from "./rest.ts";
import { Standstill } from "./standstill.ts";
import { carryState, putInPlace, stoodAs } from "./swap.ts";

type Result = Omit<ReloadResult, "generation">;

/**
 * One reload. New nodes are created and opened beside the old ones; then what changes comes to rest, and between two
 * turns the new wiring takes the place of the old. Up to that moment everything can be taken back.
 */
export class Reload {
  readonly #engine: Engine;
  readonly #plan: GraphPlan;
  readonly #options: ReloadOptions;
  readonly #fresh: Fresh;
  readonly #rest: Rest;
  #edges!: PreparedEdges;
  #handover!: Handover;
  #affected: Affected | undefined;
  #swapped = false;
  /** Nothing waits for a checkpoint. */
  #goesOn = false;

  constructor(engine: Engine, plan: GraphPlan, options: ReloadOptions) {
    this.#engine = engine;
    this.#plan = plan;
    this.#options = options;
    this.#fresh = new Fresh(engine);
    this.#rest = new Rest(engine);
  }

  async carryOut(): Promise<Result> {
    const { durable, plan } = this.#engine;
    const { changes } = this.#options;
    if (isUnchanged(changes)) return { outcome: "unchanged", changes };
    const refusal = refusalOf(plan, this.#plan, durable.links.values(), this.#options);
    if (refusal !== undefined) return { outcome: "refused", ...refusal, changes };
    try {
      this.#edges = durable.prepare(this.#plan, this.#options.durable ?? {});
      await this.#engine.checkpoints.ready(this.#plan);
      await this.#make();
      const pauseMs = await this.#swapAtRest();
      return { outcome: "reloaded", changes, pauseMs };
    } catch (error) {
      if (this.#swapped) return this.#failed(toError(error));
      await this.#fresh.close();
      return { outcome: "rolled_back", reason: toError(error).message, changes };
    }
  }

  /** There is no way back any more. */
  #failed(error: Error): Result {
    const { message } = error;
    this.#engine.fail(new Error(`the new graph cannot go on after the reload: ${message}`, { cause: error }));
    return { outcome: "reloaded", reason: message, changes: this.#options.changes };
  }

  /** After each turn of the engine. */
  turnEnded() {
    this.#rest.turnEnded();
  }

  callOff(reason: string) {
    if (!this.#swapped) this.#rest.callOff(reason);
  }

  /** Creates and opens what is new. Throws why it cannot. */
  async #make() {
    const { engine, after } = this.#sides;
    // Nodes that stay make packets for the first plugin, too. Where it does not come after all, that costs time only.
    engine.creation.freeze ||= this.#plan.nodes.some(({ origin }) => origin !== "built_in");
    for (const node of after.nodes) {
      const key = keyOf(after, node.index);
      if (this.#stood(key) === undefined || this.#isReplaced(node.id, key)) this.#fresh.add(key, node);
    }
    this.#handover = new Handover(this.#engine, this.#options.changes, this.#fresh);
    const later = takers(this.#options.changes);
    const now = [...this.#fresh.byKey.values()].filter(({ id }) => !later.has(id));
    await this.#fresh.bring(now, this.#rest.signal);
  }

  get #sides() {
    return { engine: this.#engine, before: this.#engine.durable.plan, after: this.#edges.plan };
  }

  #stood(key: string): Made | undefined {
    return stoodAs(this.#engine, key);
  }

  /** A durable edge of another queue has other ends. */
  #isReplaced(id: string, key: string): boolean {
    const change = this.#options.changes.nodes.find(({ node }) => node === id);
    if (key === id) return change?.what === "replaced";
    const link = [...this.#engine.durable.links.values()].find(({ name }) => name === id);
    return link !== undefined && ![...this.#edges.links.values()].includes(link);
  }

  /** Gives how long sources stood still. */
  async #swapAtRest(): Promise<number> {
    const { engine } = this.#sides;
    const affected = this.#find();
    this.#affected = affected;
    const region = this.#goesOn ? undefined : engine.checkpoints.region;
    const still = new Standstill(engine, affected, region?.sources ?? []);
    try {
      this.#rest.begin(this.#options.deadlineMs ?? DEFAULT_RELOAD_MS);
      await this.#empty();
      await this.#settle(region);
      still.halt();
      const atOnce = region === undefined && !this.#handover.needed;
      await this.#come(atOnce ? () => this.#swap(still) : undefined);
      if (region !== undefined) await this.#checkpoint(region);
      if (this.#handover.needed) await this.#handover.carryOut(this.#fresh, this.#rest.signal);
      if (!atOnce) await this.#come(() => this.#swap(still));
      if (!this.#goesOn) await engine.checkpoints.replan();
    } catch (error) {
      await this.#takeBack(toError(error));
      throw error;
    } finally {
      this.#rest.end();
      still.end(this.#swapped);
    }
    const { closed } = this.#handover;
    await closeGone(engine, { leaving: affected.leaving, closed, fresh: this.#fresh.byKey.values() });
    return still.pauseMs;
  }

  /** A node that is replaced may be the one that empties a durable edge which goes, so it is halted only then. */
  async #empty() {
    const affected = this.#affected!;
    const first = emptying(this.#engine.wiring, affected);
    if (first === undefined) return;
    giveBack(first, true);
    this.#affected = first;
    await this.#come();
    this.#affected = affected;
  }

  /** Before a checkpoint: a node that is halted would keep what waits before it, and a pause alone may be too short. */
  async #settle(region: Region | undefined) {
    if (region === undefined) return;
    giveBack(this.#affected!, true);
    await this.#rest.come(() => busyInRegion(region));
  }

  async #checkpoint(region: Region) {
    for (;;) {
      const why = await this.#engine.checkpoints.now();
      if (why === undefined) return;
      if (busyInRegion(region) === undefined) throw new CalledOff(`no checkpoint could be taken before it: ${why}`);
      // A node was woken meanwhile.
      await this.#settle(region);
    }
  }

  /** Before the sources go on: new nodes make room for the old ones. */
  async #takeBack({ message }: Error) {
    if (this.#swapped) return;
    await this.#fresh.close();
    await this.#handover.takeBack(message);
  }

  #find(): Affected {
    const { engine, before, after } = this.#sides;
    const { changes } = this.#options;
    const { nodes, queues } = changes;
    const affected = affectedBy({
      ...{ wiring: engine.wiring, before, after },
      replaced: new Set([...this.#fresh.byKey.keys()].filter((key) => this.#stood(key) !== undefined)),
      reconfigured: new Set(nodes.filter(({ what }) => what === "reconfigured").map(({ node }) => node)),
      emptied: new Set(queues.filter(({ what }) => what === "drained").map(({ queue }) => queue)),
    });
    const { region } = engine.checkpoints;
    if (region === undefined) return affected;
    const going = { region, affected, changes, before, after, fresh: this.#fresh.byKey };
    this.#goesOn = !this.#handover.needed && goesOn(going);
    return { ...affected, handedOver: handedOver(going) };
  }

  /** Calls `then` in the turn's end in which all that changes is at rest. */
  #come(then?: () => void): Promise<void> {
    return this.#rest.come(() => busyIn(this.#affected!), then);
  }

  /** Between two turns. What may throw comes first. */
  #swap(still: Standstill) {
    const { before, after } = this.#sides;
    const { changes, onSwapped } = this.#options;
    const [{ byKey: fresh }, { states }] = [this.#fresh, this.#handover];
    const swap = { before, after, edges: this.#edges, plan: this.#plan, changes, fresh, states };
    const { leaving, handedOver } = this.#affected!;
    const { checkpoints } = this.#engine;
    carryState(this.#engine, swap);
    if (this.#goesOn) checkpoints.handOver(handedOver, leaving);
    this.#swapped = true;
    putInPlace(this.#engine, swap, leaving);
    if (this.#goesOn) checkpoints.goOn();
    onSwapped?.();
    // Nothing else is to be begun before: who waits for this promise may have to wait for a turn.
    if (this.#goesOn) still.end(true);
  }
}
