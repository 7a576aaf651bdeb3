import { drainMicrotasks } from "bun:jsc";
import { Backend } from "./backend.ts";
import { Chance } from "./chance.ts";
import { WorldClock } from "./clock.ts";
import { Disk } from "./disk.ts";
import { checkCounts, checkEnd, countShed } from "./invariants.ts";
import { Ledger } from "./ledger.ts";
import { Life } from "./life.ts";
import { randomDurable, randomShape } from "./random_shape.ts";
import { Sender } from "./sender.ts";
import type { Shape, ShapeEdge } from "./shape.ts";
import { Trace } from "./trace.ts";
import { randomWeather, type Season, type Weather } from "./weather.ts";

/** With everything healed, all facts must be through after this: the longest of all waits are some minutes. */
const HEALING_MS = 1_200_000;
/** Killers and crashes end some of them; each is a start. */
const MAX_LIVES = 300;
/** A program that turns without end is a fault of its own. */
const MAX_STEPS = 400_000;

export interface BoxOptions {
  keepTrace?: boolean;
  season?: Season | undefined;
}

/** One machine with a program on it, those who send to it and those it sends to: everything a seed decides. */
export class Box {
  readonly seed: number;
  readonly clock = new WorldClock();
  readonly trace: Trace;
  readonly shape: Shape;
  readonly weather: Weather;
  readonly ledger: Ledger;
  readonly backend: Backend;
  readonly senders: ReadonlyMap<string, Sender>;
  readonly disks: ReadonlyMap<ShapeEdge, Disk>;
  /** What is decided before anything happens … */
  readonly chance: Chance;
  /** … and on the way. */
  readonly net: Chance;
  healed = false;
  lives = 0;
  alive: Life | undefined;
  readonly #tasks: { life: Life; resolve: () => void }[] = [];
  #crashIn: number;
  #crashes = 0;
  #steps = 0;

  constructor(seed: number, { keepTrace = false, season }: BoxOptions = {}) {
    this.seed = seed;
    this.trace = new Trace(keepTrace);
    this.chance = new Chance(seed);
    this.shape = randomShape(this.chance.fork());
    this.weather = randomWeather(this.chance.fork(), season);
    this.ledger = new Ledger(this.shape);
    this.backend = new Backend(this);
    this.net = this.chance.fork();
    const sources = this.shape.nodes.filter(({ role }) => role === "source");
    this.senders = new Map(sources.map(({ id }) => [id, new Sender(this, id)]));
    this.disks = new Map(this.shape.durableEdges.map((edge) => [edge, new Disk(this, edge)]));
    this.#crashIn = this.#nextCrash();
  }

  /** Lives until everything has come to its end; what was wrong is in the ledger. */
  run() {
    const { faultMs, jumps, stops } = this.weather;
    this.clock.setTimer(() => this.#heal(), faultMs);
    for (const { atMs, byMs } of jumps) this.clock.setTimer(() => this.#jump(byMs), atMs);
    for (const { atMs } of stops) this.clock.setTimer(() => this.#stop(), atMs);
    while (this.ledger.violations.length === 0 && !this.#live());
    if (this.ledger.violations.length === 0) checkEnd(this);
  }

  note(what: string) {
    this.trace.add(this.clock.nowMs, what);
  }

  /** A share of something that goes wrong: none of it once healed. */
  faulty(share: number): number {
    return this.healed ? 0 : share;
  }

  crashesNow(): boolean {
    if (this.healed || this.#crashes >= this.weather.maxCrashes) return false;
    this.#crashIn -= 1;
    if (this.#crashIn > 0) return false;
    this.#crashes += 1;
    this.#crashIn = this.#nextCrash();
    return true;
  }

  laterInLoop(life: Life): Promise<void> {
    return new Promise((resolve) => this.#tasks.push({ life, resolve }));
  }

  #nextCrash(): number {
    const { crashEvery } = this.weather;
    return crashEvery === 0 ? Number.POSITIVE_INFINITY : this.chance.int(1, 2 * crashEvery);
  }

  /** One life; true when it was the last because all is done. */
  #live(): boolean {
    this.lives += 1;
    if (this.lives > MAX_LIVES) this.ledger.violated(`I5: it died or stopped ${MAX_LIVES} times`);
    const drainMs = this.weather.stops.find(({ atMs }) => atMs >= this.clock.nowMs)?.drainMs ?? 10_000;
    const life = new Life(this, drainMs);
    this.alive = life;
    this.note(`life ${this.lives}`);
    if (!life.step("before anything")) life.start();
    this.#pump(life);
    for (const sender of this.senders.values()) sender.lifeEnded(life.ended === undefined);
    for (const transport of life.transports) transport.blameLost(life.ended === undefined);
    for (const disk of this.disks.values()) disk.bury();
    countShed(this, life);
    if (life.ended !== undefined) {
      this.note(`ended: ${life.ended.stopReason}`);
      checkCounts(this, life);
      if (life.ended.stopReason === "end_of_input") return true;
    }
    if (this.weather.changes) this.#changeOptions();
    this.clock.nowMs += this.net.between(100, 3_000);
    return false;
  }

  /** Lets the process work until it has ended, in whatever way. */
  #pump(life: Life) {
    const { faultMs } = this.weather;
    for (;;) {
      drainMicrotasks();
      if (!life.alive || life.ended !== undefined || this.ledger.violations.length > 0) return;
      if (++this.#steps > MAX_STEPS) return this.ledger.violated("I5: it turns without end");
      const task = this.#tasks.shift();
      if (task !== undefined) task.life === life && task.resolve();
      else if (!this.clock.runNext()) return this.ledger.violated("I5: nothing will ever happen again");
      if (this.clock.nowMs > faultMs + HEALING_MS) return this.ledger.violated(this.#stuck(life));
    }
  }

  #stuck(life: Life): string {
    const waiting = [...life.queues.values()].map((queue) => JSON.stringify(queue.stats()));
    const open = [...this.senders.values()].flatMap((sender) => sender.open);
    return `I5: not done 20 minutes after all was healed; open: ${open.join(" ") || "none"}; queues: ${waiting.join("; ")}`;
  }

  #heal() {
    this.healed = true;
    this.note("healed");
  }

  #jump(byMs: number) {
    this.clock.wallOffsetMs += byMs;
    this.note(`wall clock ${byMs > 0 ? "+" : ""}${byMs} ms`);
  }

  #stop() {
    this.note("stop");
    this.alive?.stop();
  }

  /** What a person may change between two starts; order and partition stay, as rows have theirs. */
  #changeOptions() {
    for (const edge of this.shape.durableEdges) {
      const { ordered, partition_by, overflow } = edge.durable!;
      edge.durable = { ...randomDurable(this.chance), ordered, partition_by, overflow };
    }
  }
}
