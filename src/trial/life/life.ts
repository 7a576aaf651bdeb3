import * as path from "node:path";
import { seededRandom } from "../../base/random.ts";
import { Engine, type Host, packetBudget } from "../../engine/index.ts";
import type { GraphPlan, PlanNode } from "../../graph/index.ts";
import { ABSENT, type NodeContext, type NodeInstance } from "../../node/index.ts";
import type { RunSnapshot } from "../../observe/index.ts";
import { Conductor, type Moment } from "../conductor.ts";
import { Outside, watchedHost } from "../outside.ts";
import { pace } from "../pace.ts";
import { replaced } from "../replaced.ts";
import { MortalClock } from "./mortal_clock.ts";
import { sandboxFiles } from "./sandbox.ts";
import { type GivenPackets, packetOf } from "./sent_packet.ts";
import { watchStandstill } from "./standstill.ts";
import { failingWhile, stubOf } from "./stubs.ts";
import type { Machine, OpenState, World } from "./world.ts";

/** When a process of the case is to be killed; undefined: never. */
export interface Death {
  readonly packets?: number | undefined;
  readonly timeMs?: number | undefined;
}

/** One process of a case: from its start to its end, or to the moment it is killed. */
export class Life {
  /** What no process has acknowledged or sent, for the next one. */
  readonly conductor: Conductor;
  readonly #world: World;
  readonly #machine: Machine;
  readonly #plan: GraphPlan;
  readonly #number: number;
  readonly #clock: MortalClock;
  readonly #death: Death;
  readonly #killed = Promise.withResolvers<undefined>();
  readonly #makers: GivenPackets = new Map();
  /** It took too long. */
  wasKilledFromOutside = false;
  #alive = true;
  #engine: Engine | undefined;
  #state: OpenState | undefined;

  constructor(
    world: World,
    machine: Machine,
    plan: GraphPlan,
    moments: Iterable<Moment, void>,
    life: { number: number; death: Death; sources: readonly string[] },
  ) {
    this.#world = world;
    this.#machine = machine;
    this.#number = life.number;
    this.#death = life.death;
    this.#clock = new MortalClock(world.clock);
    const tap = {
      sent: (node: string, packet: Parameters<Conductor["sent"]>[1]) => this.#sent(node, packet),
      ended: () => this.#dieWhenDue(),
    };
    this.conductor = new Conductor(life.sources, moments, { clock: this.#clock, tap, startMs: 0 });
    this.#plan = replaced(plan, (node, context, create) => this.#instance(node, context, create));
  }

  /** Runs to the end; undefined when it was killed before. */
  async run(): Promise<RunSnapshot | undefined> {
    const outside = new Outside();
    this.#state = await this.#openState();
    const { seed = 1, max_packets } = this.#world.given;
    const throttles = max_packets === undefined ? [] : [packetBudget(max_packets)];
    const { heart } = this.#machine;
    const settings = { tap: this.conductor, throttles, ...(heart && { heart }) };
    const engine = new Engine(this.#plan, watchedHost(this.#host(seed), outside), settings);
    this.#engine = engine;
    const { timeMs } = this.#death;
    if (timeMs !== undefined) this.#clock.setTimer(() => this.#die(), timeMs - this.#clock.monotonicMs());
    this.#stopWhenHopeless(engine);
    const { clock: real } = this.#machine;
    const yieldToLoop = () => new Promise<void>((resolve) => setImmediate(resolve));
    const ending = Promise.race([engine.run(), this.#killed.promise]);
    const timing = { clock: this.#world.clock, real, outside, speed: Number.POSITIVE_INFINITY, yieldToLoop };
    const ended = await pace(ending, { ...timing, progress: () => engine.turns, onQuiet: () => this.#dieWhenDue() });
    if (ended === undefined) return undefined;
    await this.#state?.close();
    return ended;
  }

  /** Without this fault a graph that waits is one that something will come to. */
  #stopWhenHopeless(engine: Engine) {
    const world = this.#world;
    if (world.given.faults?.disk_full_after === undefined) return;
    watchStandstill(this.#clock, {
      done: () => this.conductor.sentPackets + world.captures.total,
      hopeless: () => world.isFullForGood,
      stop: () => engine.stop("signal"),
    });
  }

  kill() {
    this.wasKilledFromOutside = true;
    this.#die();
  }

  /** What it does now, for a person who wonders why it does not end. */
  waiting(): string {
    const run = this.#engine?.snapshot();
    const busy = run?.nodes.filter(({ inFlight }) => inFlight > 0).map(({ id }) => id) ?? [];
    if (busy.length > 0) return `node ${busy.join(", ")} has a packet and does not come back with it`;
    return `${this.conductor.sentPackets} packets were sent, virtual time is ${Math.round(this.#clock.monotonicMs())} ms`;
  }

  /** The last of the packets it may take has been taken, and all that came of it is done. */
  #dieWhenDue() {
    if (this.#death.packets !== undefined && this.conductor.sentPackets >= this.#death.packets) this.#die();
  }

  #sent(node: string, packet: Parameters<Conductor["sent"]>[1]) {
    const { packets } = this.#death;
    // One more than it may take: what came of the others is as far as it is.
    if (packets !== undefined && this.conductor.sentPackets >= packets) this.#die();
    if (this.#alive) this.#world.captures.add(`${node}.${this.#portOf(node)}`, packet);
  }

  #portOf(node: string): string {
    return this.#plan.nodes.find(({ id }) => id === node)?.outputs[0] ?? "out";
  }

  /** As kill -9 does it: nothing is told, nothing is closed, what the system has it keeps. */
  #die() {
    if (!this.#alive) return;
    this.#alive = false;
    this.#clock.die();
    this.#state?.die();
    this.#killed.resolve(undefined);
  }

  #openState(): Promise<OpenState> | undefined {
    const { folder } = this.#world;
    const keeps = this.#plan.nodes.some(({ definition, config }) => definition.keepsState?.(config));
    const durable = this.#plan.edges.some((edge) => edge.durable !== undefined);
    const states = this.#world.given.faults?.crash_after !== undefined;
    if (!keeps && !durable && !states && !this.#plan.checkpoint) return undefined;
    const full = () => this.#world.isFull();
    return this.#machine.openState(this.#plan, { dir: path.join(folder, "state"), clock: this.#clock, full });
  }

  #host(seed: number): Host {
    const { stdout, letters, network, given, folder, beforeWrite } = this.#world;
    const { real } = this.#machine;
    const alive = () => this.#alive;
    const quiet = () => {};
    const refuse = (what: string) => () => {
      throw new Error(`a test uses no ${what}: replace the node, or set allow_real: true`);
    };
    const outward = given.allow_real
      ? real
      : { ...real, spawn: refuse("other program"), exchange: refuse("other machine"), serve: refuse("port") };
    return {
      ...ABSENT,
      ...outward,
      clock: this.#clock,
      // Another process draws other numbers; the same one the same.
      random: seededRandom(seed + (this.#number - 1) * 0x1_0000_0000),
      seed,
      files: sandboxFiles({ base: this.#plan.baseDir, root: path.join(folder, "files"), alive, beforeWrite }),
      io: { write: (text) => void (this.#alive && stdout.push(text)), async *read() {} },
      fetch: given.network === "real" ? real.fetch : network.fetchOf(""),
      resolve: given.network === "real" ? real.resolve : network.resolve,
      log: () => ({ debug: quiet, info: quiet, warn: quiet, error: quiet }),
      yieldToLoop: () => new Promise((resolve) => setImmediate(resolve)),
      onDeadLetter: (letter) => void (this.#alive && letters.push(letter)),
      ...this.#state?.host,
    };
  }

  #instance(node: PlanNode, context: NodeContext, create: (context: NodeContext) => unknown) {
    const { given, network, captures } = this.#world;
    const { id, definition } = node;
    if (definition.kind === "source") {
      if (!this.conductor.plays(id)) return create(context) as NodeInstance;
      this.#makers.set(id, (fields) => packetOf(fields, node, context));
      const acks = definition.acknowledges || given.faults?.crash_after !== undefined;
      return this.conductor.source(id, { acks, resends: acks }) as never;
    }
    const own = given.network === "real" ? context : { ...context, fetch: this.#mortalFetch(network.fetchOf(id)) };
    const stub = given.replace?.[id];
    const made = stub === undefined ? (create(own) as NodeInstance) : stubOf(stub, node, context);
    const overNetwork = stub === undefined && definition.outside;
    const failing = overNetwork ? made : failingWhile(made, () => this.#world.isDown(id));
    return captures.watch(node, failing, () => this.#alive);
  }

  /** An answer to a process that is dead never comes. */
  #mortalFetch(fetch: NodeContext["fetch"]): NodeContext["fetch"] {
    const ask = async (...given: Parameters<typeof fetch>) => {
      if (!this.#alive) return new Promise<never>(() => {});
      const answer = await fetch(...given);
      return this.#alive ? answer : new Promise<never>(() => {});
    };
    return ask as typeof fetch;
  }

  /** Makes the packet of a moment, once. */
  make(node: string, fields: Parameters<typeof packetOf>[0]) {
    return this.#makers.get(node)!(fields);
  }
}
