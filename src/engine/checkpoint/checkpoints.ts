import { DEFAULT_CHECKPOINT_MS, type GraphPlan } from "../../graph/plan.ts";
import type { CheckpointSnapshot } from "../../observe/index.ts";
import type { CheckpointStore } from "../../store/index.ts";
import type { Blackboard } from "../blackboard.ts";
import type { DurableEdges } from "../durable/edges.ts";
import type { EventTime } from "../event_time/event_time.ts";
import { NodeRun } from "../node_run.ts";
import type { Producer } from "../producer.ts";
import type { Wiring } from "../wiring.ts";
import { blackboardPart, persistentWriters } from "./blackboard_part.ts";
import { Cycle } from "./cycle.ts";
import { CheckpointFigures } from "./figures.ts";
import { flushNodes } from "./flushing.ts";
import type { Run } from "./kept.ts";
import { eventTimePart, type Part, partOf } from "./parts.ts";
import { type Region, regionOf } from "./region.ts";
import { restoreAll } from "./restoring.ts";

interface Surroundings extends Run {
  readonly plan: GraphPlan;
  readonly wiring: Wiring;
  readonly durable: DurableEdges;
  readonly blackboard: Blackboard;
  readonly eventTime: EventTime | undefined;
  fail(error: Error): void;
}

/**
 * State that survives: at an interval all sources before nodes with state stand still, what is under way finishes, all
 * states are taken in one step, and the sources go on. Once the states are on the disk the rows that are in them are
 * acknowledged, and not before; so whatever the moment of a crash, each row is in the state exactly once.
 */
export class Checkpoints {
  readonly #around: Surroundings;
  readonly #parts = new Map<string, Part>();
  readonly #figures = new CheckpointFigures();
  #store: CheckpointStore | undefined;
  /** Undefined when nothing is kept. */
  #cycle: Cycle | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** A part of the engine whose state belongs to that of the nodes. Before {@link open}. */
  add(part: Part) {
    this.#parts.set(part.part, part);
  }

  /** A later run goes on with the state of this one. */
  get on(): boolean {
    return this.#cycle !== undefined;
  }

  /** Decides whether there is anything to keep, and gives nodes the state of an earlier run. False: the run has failed. */
  async open(): Promise<boolean> {
    try {
      await this.#begin();
      return true;
    } catch (error) {
      const { message } = error as Error;
      this.#around.fail(new Error(`cannot go on from the last checkpoint: ${message}`, { cause: error }));
      return false;
    }
  }

  async #begin() {
    const { plan, host, durable } = this.#around;
    const region = this.#collect();
    if (region === undefined) return;
    const store = await host.checkpoints!.open();
    this.#store = store;
    const [parts, figures, log] = [this.#parts, this.#figures, host.log("checkpoint")];
    const { fresh } = host.checkpoints!;
    const nowMs = host.clock.nowMs();
    await restoreAll({ store, graph: plan.name, parts, figures, log, durable, fresh, nowMs });
    this.#start(region, store);
  }

  /** What there is to keep, and its parts. */
  #collect(): Region | undefined {
    const { plan, host, wiring, eventTime, blackboard } = this.#around;
    const { checkpoint } = plan;
    if (host.checkpoints === undefined || checkpoint === false) return undefined;
    const writers = persistentWriters(plan);
    const region = regionOf(wiring, checkpoint !== undefined, writers);
    if (region === undefined) return undefined;
    if (writers.size > 0) this.add(blackboardPart(blackboard, host.log("blackboard")));
    for (const one of region.stateful) this.add(partOf(one));
    if (eventTime !== undefined) this.add(eventTimePart(eventTime));
    return region;
  }

  #start(region: Region, store: CheckpointStore) {
    const { plan, host } = this.#around;
    const intervalMs = (plan.checkpoint || undefined)?.interval_ms ?? DEFAULT_CHECKPOINT_MS;
    const [parts, figures, log] = [this.#parts, this.#figures, host.log("checkpoint")];
    this.#cycle = new Cycle(this.#around, { region, store, parts, figures, intervalMs, log });
  }

  /** What is kept; undefined when nothing is. */
  get region(): Region | undefined {
    return this.#cycle?.region;
  }

  /** Takes one now, of a region that is at rest; resolves with why it could not. */
  async now(): Promise<string | undefined> {
    return this.#cycle?.now();
  }

  /** The states of these are about to go on in others. Throws what a node behind them cannot make safe. */
  handOver(nodes: ReadonlySet<Producer>, leaving: readonly Producer[]) {
    flushNodes(leaving.filter((one) => one instanceof NodeRun));
    this.#cycle!.secure(nodes);
  }

  /** Another graph runs from now on, and goes on with the states of the one before and with all its rows. */
  goOn() {
    this.#parts.clear();
    this.#cycle!.goOn(this.#collect()!);
  }

  /** Opens the file that `plan` may keep its state in: once another graph runs, it is too late to find that it does not open. */
  async ready(plan: GraphPlan) {
    const { host } = this.#around;
    if (host.checkpoints === undefined || plan.checkpoint === false) return;
    const asked = plan.checkpoint !== undefined || plan.edges.some(({ durable }) => durable !== undefined);
    const states = asked && plan.nodes.some(({ definition }) => definition.stateVersion !== undefined);
    if (states || persistentWriters(plan).size > 0) this.#store ??= await host.checkpoints.open();
  }

  /** Another graph runs from now on; all that was to be kept of the one before is on the disk. */
  async replan() {
    const outlets = this.#cycle?.region.outlets ?? [];
    await this.#cycle?.finish();
    this.#cycle = undefined;
    this.#parts.clear();
    const region = this.#collect();
    for (const outlet of outlets) if (!region?.outlets.includes(outlet)) outlet.acks.keepNone();
    if (region === undefined) return;
    this.#store ??= await this.#around.host.checkpoints!.open();
    this.#start(region, this.#store);
  }

  /** After each turn of the engine. */
  turnEnded() {
    this.#cycle?.turnEnded();
  }

  /** True when there is nothing to do for a checkpoint before something is heard of the disk or the clock. */
  get underWay(): boolean {
    return this.#cycle?.underWay ?? false;
  }

  /** Asked when nothing else is left to do: true when the last checkpoint has everything. */
  get ended(): boolean {
    return this.#cycle?.ended ?? true;
  }

  /** No further checkpoint is begun; resolves when the one under way is on the disk or has failed. */
  async finish() {
    await this.#cycle?.finish();
  }

  /** After the queues have heard of all acks. */
  async close() {
    await this.#cycle?.close();
    await this.#store?.close();
  }

  snapshot(): CheckpointSnapshot | undefined {
    return this.#cycle?.snapshot();
  }
}
