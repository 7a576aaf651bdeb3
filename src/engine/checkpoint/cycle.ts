import type { CheckpointSnapshot } from "../../observe/index.ts";
import type { Checkpoint } from "../../store/index.ts";
import { NodeRun } from "../node_run.ts";
import type { Producer } from "../producer.ts";
import type { SkipReason } from "./figures.ts";
import { flushNodes } from "./flushing.ts";
import type { Kept, Run } from "./kept.ts";
import { CannotTake, type Part, takeStates } from "./parts.ts";
import { Pause } from "./pause.ts";
import { Progress } from "./progress.ts";
import type { Region } from "./region.ts";
import { Trouble } from "./trouble.ts";

/** After one that failed, and between tries while sources wait for one. */
const AGAIN_MS = 100;

/** `idle`: until the next is due. `pausing`: sources wait for what is under way. `writing`: one is on its way to the disk. */
type Phase = "idle" | "pausing" | "writing";

/** One checkpoint after the other. */
export class Cycle {
  readonly #run: Run;
  #kept: Kept;
  #pause: Pause;
  #progress: Progress;
  readonly #trouble: Trouble;
  #phase: Phase = "idle";
  #savedAtMs: number;
  #cancelNext = () => {};
  #writing: Promise<void> = Promise.resolve();
  /** Acks of sources that are no queue, until the checkpoint is on the disk. */
  #later: (() => void)[] = [];
  /** What it had done when nothing else was left to do: the states of an ended input are cleared. */
  #endedWork = -1;
  #cleared = false;
  /** One failed, and it is not time for the next try. */
  #resting = false;
  /** Waits for the one that is begun. */
  #heard: (why: string | undefined) => void = () => {};

  constructor(run: Run, kept: Kept) {
    this.#run = run;
    this.#kept = kept;
    this.#pause = this.#follow(kept.region);
    this.#savedAtMs = run.host.clock.monotonicMs();
    this.#progress = new Progress(kept.region);
    this.#trouble = new Trouble(kept.log);
    this.#next(kept.intervalMs);
  }

  #follow({ outlets }: Region): Pause {
    for (const { acks } of outlets) acks.keepBack(() => this.#soon());
    const { region, figures } = this.#kept;
    return new Pause(region, this.#run.host.clock, this.#run.timers, figures.pauseMs);
  }

  /** Another graph runs from now on, and has the states of the one before; a checkpoint under way is of that one. */
  goOn(region: Region) {
    this.#pause.end();
    if (this.#phase === "pausing") this.#phase = "idle";
    this.#kept = { ...this.#kept, region };
    this.#pause = this.#follow(region);
    this.#progress = new Progress(region);
    // Nothing on the disk is of this graph.
    this.#progress.savedAt(-1);
    this.#cleared = false;
    this.#endedWork = -1;
    this.#soon();
  }

  /** What they keep is in states that are taken now: they are done with it, and a checkpoint tells whoever waits. */
  secure(nodes: Iterable<Producer>) {
    this.#run.sources.later = this.#later;
    for (const one of nodes) if (one instanceof NodeRun) for (const hold of one.holds) hold.secure();
    this.#run.sources.later = undefined;
  }

  /** After each turn of the engine. */
  turnEnded() {
    if (this.#phase === "pausing" && this.#pause.quiet) this.#take();
  }

  /** True when there is nothing to do for a checkpoint before something is heard of the disk or the clock. */
  get underWay(): boolean {
    return this.#phase === "writing" || this.#resting;
  }

  /** Asked when nothing else is left to do: true when the last checkpoint has everything. */
  get ended(): boolean {
    const inputEnded = this.#run.stopReason === undefined;
    const done = this.#isSaved && (this.#cleared || !inputEnded);
    if (done || this.#phase !== "idle" || this.#resting) return done && this.#phase === "idle";
    this.#endedWork = inputEnded ? this.#progress.done : -1;
    this.#begin();
    return false;
  }

  get region(): Region {
    return this.#kept.region;
  }

  /** Takes one now; resolves with why it could not. */
  async now(): Promise<string | undefined> {
    await this.#writing;
    return new Promise((resolve) => {
      this.#heard = resolve;
      if (this.#phase === "idle") this.#begin();
    });
  }

  /** No further checkpoint is begun; resolves when the one under way is on the disk or has failed. */
  async finish() {
    this.#cancelNext();
    this.#pause.end();
    await this.#writing;
  }

  /** After the queues have heard of all acks. */
  async close() {
    const { region, store } = this.#kept;
    const { outlets } = region;
    // Only a note that spares the next run a look into its queues.
    if (outlets.length > 0 && outlets.every(({ acks }) => acks.kept === 0)) {
      await store.forgetDone().catch(() => {});
    }
  }

  snapshot(): CheckpointSnapshot {
    const { store, intervalMs, figures } = this.#kept;
    const ageMs = this.#isSaved ? 0 : this.#run.host.clock.monotonicMs() - this.#savedAtMs;
    return { ...figures.snapshot(), fileBytes: store.bytes(), ageMs, intervalMs, trouble: this.#trouble.why };
  }

  get #isSaved(): boolean {
    return this.#later.length === 0 && this.#progress.isSaved;
  }

  #next(delayMs: number) {
    this.#cancelNext();
    this.#cancelNext = this.#run.timers.after(delayMs, () => this.#due());
  }

  #due() {
    this.#resting = false;
    if (this.#phase !== "idle") return;
    if (this.#isSaved) {
      // It has everything, so it is as good as one of now.
      this.#savedAtMs = this.#run.host.clock.monotonicMs();
      return this.#next(this.#kept.intervalMs);
    }
    this.#begin();
  }

  #soon() {
    if (this.#phase === "idle" && !this.#resting) this.#next(0);
  }

  #begin() {
    this.#cancelNext();
    this.#phase = "pausing";
    this.#pause.begin(({ id }) => {
      this.#phase = "idle";
      this.#skipped("busy", id, `node "${id}" did not finish what it has under way`);
    });
    this.#run.work();
  }

  /** After the end of the input there is nothing to go on with but what lasts. */
  #partsKept(ends: boolean): Part[] {
    return [...this.#kept.parts.values()].filter(({ lasts = false }) => lasts || !ends);
  }

  #take() {
    const { plan, host } = this.#run;
    const { outlets, stateful } = this.#kept.region;
    const takenMs = host.clock.nowMs();
    // The nodes have heard that their input is over: what they still have in mind is for nobody.
    const ends = this.#endedWork === this.#progress.done;
    try {
      flushNodes(this.#kept.region.nodes);
      const { states, bytes } = takeStates(this.#partsKept(ends));
      this.secure(stateful);
      const done = outlets.map(({ acks }) => acks.cut()).filter((rows) => rows !== undefined);
      const work = this.#progress.done;
      this.#pause.end();
      this.#phase = "writing";
      this.#writing = this.#write({ graph: plan.name, takenMs, states, done }, { work, bytes, ends });
    } catch (error) {
      this.#pause.end();
      this.#phase = "idle";
      if (!(error instanceof CannotTake)) throw error;
      this.#skipped(error.reason, error.part, error.message);
    }
  }

  async #write(checkpoint: Checkpoint, { work, bytes, ends }: { work: number; bytes: number; ends: boolean }) {
    const told = this.#later.length;
    const progress = this.#progress;
    const { outlets } = this.#kept.region;
    try {
      this.#kept.figures.writtenBytes += await this.#kept.store.commit(checkpoint);
    } catch (error) {
      this.#phase = "idle";
      this.#skipped("not_written", "", (error as Error).message);
      this.#run.work();
      return;
    }
    this.#phase = "idle";
    progress.savedAt(work);
    this.#cleared = ends && progress === this.#progress;
    this.#kept.figures.stateBytes = bytes;
    this.#succeeded();
    for (const outlet of outlets) outlet.committed();
    for (const tell of this.#later.splice(0, told)) tell();
    this.#next(this.#progress.isUrgent ? 0 : this.#kept.intervalMs);
    this.#run.work();
  }

  #tell(why: string | undefined) {
    const heard = this.#heard;
    this.#heard = () => {};
    heard(why);
  }

  #succeeded() {
    const nowMs = this.#run.host.clock.monotonicMs();
    this.#tell(undefined);
    this.#kept.figures.taken += 1;
    this.#kept.figures.durationMs.record(nowMs - this.#pause.begunMs);
    this.#savedAtMs = nowMs;
    this.#pause.succeeded();
    this.#trouble.end();
  }

  #skipped(reason: SkipReason, node: string, why: string) {
    this.#tell(why);
    this.#kept.figures.skip(reason, node);
    this.#resting = true;
    this.#next(this.#progress.isUrgent ? AGAIN_MS : Math.max(AGAIN_MS, this.#kept.intervalMs));
    // A busy node is nothing wrong before it was busy for long.
    if (reason !== "busy" || this.#pause.hopeless) this.#trouble.begin(why);
  }
}
