import { drainMicrotasks } from "bun:jsc";
import type { ReloadResult } from "../../../src/engine/index.ts";
import { Chance } from "../chance.ts";
import { WorldClock } from "../clock.ts";
import { type Around, Sender } from "../sender.ts";
import { Trace } from "../trace.ts";
import { YardFile } from "./files.ts";
import { type Change, changed, randomYard, type Yard } from "./graph.ts";
import { Judge } from "./judge.ts";
import { YardLife } from "./life.ts";

/** With everything healed all facts must be through after this. */
const HEALING_MS = 1_200_000;
/** A program that turns without end is a fault of its own. */
const MAX_STEPS = 300_000;
const MAX_LIVES = 60;

/** What an old graph goes on because of, and what a person asks again after. */
const NOT_NOW = /another reload is under way|the run is |is busy|is not empty|the run ends|would be left on the disk/;

/** One machine whose graph is changed while it runs, and everything that a seed decides about it. */
export class YardBox implements Around {
  readonly seed: number;
  readonly clock = new WorldClock();
  readonly trace: Trace;
  readonly chance: Chance;
  readonly net: Chance;
  readonly judge = new Judge((what) => this.note(what));
  readonly ledger = this.judge;
  readonly weather: Around["weather"];
  readonly sender: Sender;
  readonly files = new Map<string, YardFile>();
  readonly roundMs: number;
  readonly drainMs: number;
  readonly callRows: number | undefined;
  readonly first: Yard;
  /** What became of reloads, for a person. */
  readonly told: string[] = [];
  healed = false;
  lives = 0;
  readonly #faultMs: number;
  readonly #deadly: number;
  /** Steps to the next crash. */
  #crashIn = Number.POSITIVE_INFINITY;
  #crashes: number;
  #alive: YardLife | undefined;
  /** The file that the next start reads. */
  #written: Yard;
  readonly #tasks: { life: YardLife; resolve: () => void }[] = [];
  #steps = 0;

  constructor(seed: number, keepTrace: boolean) {
    const chance = new Chance(seed);
    this.seed = seed;
    this.chance = chance;
    this.trace = new Trace(keepTrace);
    this.first = randomYard(chance);
    this.#written = this.first;
    this.#faultMs = chance.int(500, 8_000);
    const [facts, burst] = [chance.int(8, 40), chance.one([1, 4, 16])];
    const gapMs = Math.floor((chance.one([0.3, 0.9]) * this.#faultMs * burst) / facts);
    const ackLost = chance.maybe(0.3) ? 0.2 : 0;
    // What is counted or put together must come in the same order again.
    const isAnyOrder = this.first.branches.every(({ kind }) => kind === "plain" || kind === "debounce");
    const partitions = isAnyOrder ? chance.int(1, 6) : 1;
    this.weather = { ...{ facts, partitions, burst, gapMs, ackLost, impatient: 0 }, window: chance.one([1, 4, 16]) };
    this.roundMs = chance.one([1, 10, 50]);
    this.drainMs = chance.one([0, 50, 10_000]);
    this.callRows = chance.maybe(0.5) ? 2 : undefined;
    this.#deadly = chance.one([0, 0.2, 0.5]);
    this.#crashes = chance.int(1, 8);
    this.net = chance.fork();
    this.sender = new Sender(this, "s");
  }

  run() {
    const moments = (most: number) =>
      Array.from({ length: this.chance.int(0, most) }, () => this.chance.int(0, this.#faultMs));
    this.clock.setTimer(() => this.#heal(), this.#faultMs);
    for (const atMs of [...moments(20), this.chance.int(0, this.#faultMs)]) {
      this.clock.setTimer(() => this.#reload(), atMs);
    }
    for (const atMs of moments(1)) this.clock.setTimer(() => this.#stop(), atMs);
    if (this.#deadly > 0) for (const atMs of moments(3)) this.clock.setTimer(() => this.#crashSoon(40), atMs);
    while (this.judge.violations.length === 0 && !this.#live());
    if (this.judge.violations.length > 0) return;
    const queues = new Map([...this.files].filter(([name]) => name !== "state"));
    this.judge.end(this.#written, queues);
  }

  note(what: string) {
    if (what.startsWith("send ")) this.judge.sends(what.slice(5));
    this.trace.add(this.clock.nowMs, what);
  }

  faulty(share: number): number {
    return this.healed ? 0 : share;
  }

  file(name: string): YardFile {
    let file = this.files.get(name);
    if (file === undefined) {
      file = new YardFile(this, name);
      this.files.set(name, file);
    }
    return file;
  }

  crashesNow(): boolean {
    if (this.healed || this.#crashes === 0 || --this.#crashIn > 0) return false;
    this.#crashes -= 1;
    this.#crashIn = Number.POSITIVE_INFINITY;
    return true;
  }

  laterInLoop(life: YardLife): Promise<void> {
    return new Promise((resolve) => this.#tasks.push({ life, resolve }));
  }

  #crashSoon(steps: number) {
    this.#crashIn = Math.min(this.#crashIn, this.net.int(1, steps));
  }

  /** One life; true when it was the last because all is done. */
  #live(): boolean {
    this.lives += 1;
    if (this.lives > MAX_LIVES) this.judge.violated(`I5: it died or stopped ${MAX_LIVES} times`);
    this.judge.switching(this.#alive?.graph ?? this.#written, this.#written);
    const life = new YardLife(this, this.#written);
    this.#alive = life;
    this.note(`life ${this.lives}`);
    life.start();
    this.#pump(life);
    this.sender.lifeEnded(life.ended === undefined);
    for (const file of this.files.values()) file.bury();
    if (life.ended !== undefined) {
      this.note(`ended: ${life.ended.stopReason}`);
      if (life.ended.failure !== undefined) this.judge.violated(`I5: the run failed: ${life.ended.failure}`);
      if (life.ended.stopReason === "end_of_input") {
        this.#written = life.graph;
        return true;
      }
    }
    this.clock.nowMs += this.net.between(100, 1_000);
    return false;
  }

  #pump(life: YardLife) {
    for (;;) {
      drainMicrotasks();
      if (!life.alive || life.ended !== undefined || this.judge.violations.length > 0) return;
      if (life.step("between two steps")) return;
      if (++this.#steps > MAX_STEPS) return this.judge.violated("I5: it turns without end");
      const task = this.#tasks.shift();
      if (task !== undefined) task.life === life && task.resolve();
      else if (!this.clock.runNext()) return this.judge.violated("I5: nothing will ever happen again");
      if (this.clock.nowMs > this.#faultMs + HEALING_MS) {
        return this.judge.violated(`I5: not done 20 minutes after all was healed; open: ${this.sender.open.join(" ")}`);
      }
    }
  }

  #heal() {
    this.healed = true;
    this.note("healed");
  }

  #stop() {
    this.note("stop");
    this.#alive?.stop();
  }

  /** Somebody writes another graph, and asks the process to go on with it. */
  async #reload() {
    const life = this.#alive!;
    if (life.engine?.state === "starting" && !this.healed) {
      this.clock.setTimer(() => this.#reload(), this.net.between(5, 200));
      return;
    }
    if (!life.alive || life.ended !== undefined || life.engine === undefined) return;
    const before = life.graph;
    const change = changed(before, this.net);
    this.note(`reload: ${change.what}: ${JSON.stringify(change.yard.branches)}`);
    this.judge.switching(before, change.yard);
    // Whoever starts it again finds the file as it was, or as it is now.
    const file = change.starts && this.net.maybe(0.5) ? change.yard : before;
    this.judge.switching(before, file);
    this.#written = file;
    if (this.net.maybe(this.#deadly)) this.#crashSoon(this.net.one([10, 60, 300]));
    const result = await life.reload(change);
    if (result === undefined) return;
    this.#answered(life, change, result);
  }

  #answered(life: YardLife, change: Change, { outcome, reason }: ReloadResult) {
    this.note(`reload: ${change.what}: ${outcome} ${reason ?? ""}`);
    this.told.push(`${change.what}: ${outcome}`);
    this.judge.switching(life.graph, change.yard);
    this.judge.switching(life.graph, this.#written);
    if (outcome === "reloaded" || !change.starts) this.#written = life.graph;
    if (change.mustFail && outcome === "reloaded") this.judge.violated(`I5: ${change.what}, and it runs`);
    if (change.mustFail || outcome === "reloaded" || outcome === "unchanged" || NOT_NOW.test(reason!)) return;
    this.judge.violated(`I5: ${change.what}, and it was ${outcome}: ${reason}`);
  }
}
