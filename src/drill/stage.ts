import * as path from "node:path";
import { type Clock, sleep } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { Backend } from "./backend.ts";
import { Child } from "./child.ts";
import { Load } from "./load.ts";
import type { Place } from "./place.ts";
import { freePorts } from "./ports.ts";
import { Recorder } from "./recorder.ts";
import type { DrillOptions } from "./settings.ts";
import { postUrl, runArguments } from "./target.ts";

/** A process that was started is given this long to deliver, before the round is noted as never recovered. */
const RECOVERY_MS = 30_000;
/** Within it the outside is tried again, as is promised; after a silence as long nothing more is on its way. */
const QUIET_MS = 15_000;

/** What one fault works on: a graph that runs, posters before it, a backend behind it, and the books. */
export class Stage {
  readonly clock: Clock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly backend: Backend;
  readonly load: Load;
  readonly child: Child;
  readonly place: Place;
  readonly options: DrillOptions;
  /** Milliseconds from the end of a cause (process started, backend back, disk free) to the first delivery. */
  readonly firstDeliveryMs: number[] = [];
  /** From the fault itself (for outages: from its end) until packets are both taken and delivered again. */
  readonly recoveryMs: number[] = [];
  /** From the end of an outage until the backlog is as small as before it. */
  readonly caughtUpMs: number[] = [];
  /** What was seen and is no figure: rounds that did not recover, refusals that were waited for in vain. */
  readonly remarks: string[] = [];
  rounds = 0;
  readonly #startMs: number;

  constructor(options: DrillOptions, place: Place, random: Random, name: string) {
    const { clock, target } = options;
    const [listen, deliver] = freePorts(2, random) as [number, number];
    const run = `${name}_${random.uint32().toString(36)}`;
    this.options = options;
    this.clock = clock;
    this.random = random;
    this.place = place;
    this.recorder = new Recorder(run, clock);
    this.backend = new Backend(deliver, target.comparesPayloads, this.recorder);
    const { partitions, fillerBytes, pauseMs } = options.load;
    const url = postUrl(target, listen);
    this.load = new Load({ run, url, headers: target.headers, partitions, fillerBytes, pauseMs }, this.recorder, clock);
    const command = [
      ...place.before,
      ...options.program,
      ...runArguments(target, listen, this.backend.url, place.state),
    ];
    const logFile = path.join(place.folder, `${name}.log`);
    const started = { command, env: { ...options.env, ...place.env }, cwd: options.cwd, logFile, folder: place.folder };
    this.child = new Child(started, clock);
    this.#startMs = clock.monotonicMs();
  }

  get seconds(): number {
    return (this.clock.monotonicMs() - this.#startMs) / 1_000;
  }

  /** Whether another round fits into the fault's time. */
  get goesOn(): boolean {
    return !this.options.signal.aborted && this.seconds < this.options.seconds;
  }

  /** Everything runs and a first packet came through, or an error says why not. */
  async open(): Promise<void> {
    this.backend.mood = "well";
    this.child.start();
    this.load.start();
    if ((await this.recorder.next("delivered", RECOVERY_MS)) !== undefined) return;
    const answers = [...this.load.answers].map(([answer, count]) => `${answer} ${count} times`).join(", ");
    const said = this.child.deaths[0]?.lastWords ?? this.child.lastWords();
    throw new Error(
      `cannot drill the graph as it delivered nothing within ${RECOVERY_MS / 1_000} s: it answered ${answers || "nothing"} and said:\n${said}`,
    );
  }

  /** Waits some time between the bounds, by the drill's seed. */
  pause(minMs: number, maxMs: number): Promise<void> {
    return sleep(this.clock, minMs + this.random.float() * (maxMs - minMs), this.options.signal);
  }

  /** As `pause`; in every fourth round the backend is away meanwhile, so that packets are held when the fault comes. */
  async flows(minMs: number, maxMs: number): Promise<void> {
    if (this.rounds % 4 === 3) this.backend.mood = "unavailable";
    await this.pause(minMs, maxMs);
  }

  mark(what: string) {
    this.recorder.timeline.mark(what);
  }

  /** Measures a recovery: `since` is when the fault happened, now its cause ends. */
  async recovers(sinceMs = this.clock.monotonicMs()): Promise<void> {
    const causeMs = this.clock.monotonicMs() - sinceMs;
    const [delivered, acknowledged] = await Promise.all([
      this.recorder.next("delivered", RECOVERY_MS),
      this.recorder.next("acknowledged", RECOVERY_MS),
    ]);
    if (delivered !== undefined) this.firstDeliveryMs.push(delivered);
    if (delivered !== undefined && acknowledged !== undefined) {
      this.recoveryMs.push(causeMs + Math.max(delivered, acknowledged));
    } else {
      const none = delivered === undefined ? "delivered" : "acknowledged";
      this.remarks.push(`round ${this.rounds}: nothing was ${none} for ${RECOVERY_MS / 1_000} s after it`);
    }
  }

  /** Posting goes on until so many packets are acknowledged, the fault's time is over, or nothing is taken any more. */
  async reaches(packets: number): Promise<void> {
    while (this.recorder.ledger.acknowledged < packets && this.goesOn) {
      if ((await this.recorder.next("acknowledged", RECOVERY_MS)) !== undefined) continue;
      this.remarks.push(`nothing was acknowledged for ${RECOVERY_MS / 1_000} s while posting on`);
      return;
    }
  }

  /** The calm after the storm: posting ends, what was acknowledged is delivered, the process drains. */
  async settle(): Promise<void> {
    this.backend.mood = "well";
    await this.load.stop();
    await this.catchesUp(0, this.options.settleMs);
    const end = await this.child.stop();
    if (end !== "exit code 0") this.remarks.push(`the process was asked to stop and ended with ${end}`);
  }

  /** Nothing of the stage runs any more; for every way out. */
  async close(): Promise<void> {
    await this.child.kill();
    await this.load.stop();
    this.backend.close();
  }

  /** Waits until at most `count` acknowledged packets are not delivered; false when that is not to be expected. */
  async catchesUp(count: number, limitMs: number): Promise<boolean> {
    const untilMs = this.clock.monotonicMs() + limitMs;
    while (this.recorder.ledger.missing > count) {
      const leftMs = untilMs - this.clock.monotonicMs();
      if (leftMs <= 0 || (await this.recorder.next("delivered", Math.min(leftMs, QUIET_MS))) === undefined)
        return false;
    }
    return true;
  }
}
