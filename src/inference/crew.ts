import type { Clock } from "../base/clock.ts";
import type { NodeLog } from "../node/index.ts";
import { type Deadlines, type LoadOptions, ModelThread } from "./model_thread.ts";
import type { Loaded } from "./worker_messages.ts";

export interface CrewOptions {
  /** Name of the model, for messages. */
  readonly name: string;
  readonly load: LoadOptions;
  readonly clock: Clock;
  readonly log: NodeLog;
  readonly deadlines: Deadlines;
  /** Workers there should be now; at least 1. */
  size(): number;
}

/** Waiting before the next start after a worker died again without having answered anything: 1 s, 2 s, 4 s … 30 s. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** Each holds a core and its memory. With two of them the model itself is what hangs, and no third one is started. */
const MAX_HANGING = 2;

/** The workers of one model: as many as asked for, the idle ones at hand, and a new one for each that dies. */
export class Crew {
  readonly #given: CrewOptions;
  readonly #all = new Set<ModelThread>();
  readonly #idle: ModelThread[] = [];
  /** A worker may take work. */
  onIdle: () => void = () => {};
  /** There is no worker and none is starting: nobody answers what waits. */
  onDown: (error: Error) => void = () => {};
  restarts = 0;
  backend: Loaded["backend"] | undefined;
  /** Set while nobody works and nothing is starting. */
  downReason: Error | undefined;
  #failures = 0;
  /** Threads that were given up and still compute. */
  #hanging = 0;
  #cancelWait: () => void = () => {};
  #closed = false;

  constructor(given: CrewOptions) {
    this.#given = given;
  }

  get alive(): number {
    return this.#all.size;
  }

  /** Starts the first worker. Later ones are started only after that, as they would fail alike. */
  async open(): Promise<Loaded> {
    const thread = this.#made();
    try {
      const loaded = await thread.load(this.#given.load);
      this.backend = loaded.backend;
      this.free(thread);
      return loaded;
    } catch (error) {
      this.close((error as Error).message);
      throw error;
    }
  }

  /** Starts those that are missing and ends idle ones that are too many. */
  resize() {
    if (this.#closed || this.backend === undefined || this.#hanging >= MAX_HANGING) return;
    while (this.#all.size > this.#given.size() && this.#idle.length > 0) this.#dismiss(this.#idle.pop()!);
    while (this.#all.size < this.#given.size()) void this.#start();
  }

  take(): ModelThread | undefined {
    return this.#idle.pop();
  }

  /** It has answered. */
  free(thread: ModelThread) {
    if (!this.#all.has(thread)) return;
    this.#failures = 0;
    if (this.#all.size > this.#given.size()) return this.#dismiss(thread);
    this.#idle.push(thread);
    this.onIdle();
  }

  close(reason: string) {
    this.#closed = true;
    this.#cancelWait();
    for (const thread of this.#all) thread.end(reason);
    this.#all.clear();
    this.#idle.length = 0;
  }

  #made(): ModelThread {
    const { clock, deadlines } = this.#given;
    const thread = new ModelThread(clock, deadlines);
    this.#all.add(thread);
    thread.onDeath = (error) => this.#died(thread, error);
    return thread;
  }

  async #start() {
    // What is asked from now on waits for it.
    this.downReason = undefined;
    const thread = this.#made();
    try {
      await thread.load(this.#given.load);
    } catch (error) {
      // A thread that died over it has told so itself.
      if (this.#all.has(thread)) {
        thread.end((error as Error).message);
        this.#died(thread, error as Error);
      }
      return;
    }
    this.#idle.push(thread);
    this.onIdle();
  }

  #dismiss(thread: ModelThread) {
    this.#all.delete(thread);
    thread.end("it is not needed any more");
  }

  #died(thread: ModelThread, error: Error) {
    this.#all.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#closed || this.backend === undefined) return;
    if (thread.hangs) this.#abandon(thread);
    this.restarts += 1;
    const waitMs = this.#failures === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#failures - 1));
    this.#failures += 1;
    const { name, log, clock } = this.#given;
    log.warn("a worker of a model was lost and is replaced", { model: name, reason: error.message, wait_ms: waitMs });
    if (waitMs === 0) this.resize();
    if (this.#all.size === 0) this.#down(error, waitMs);
    if (waitMs === 0) return;
    this.#cancelWait();
    this.#cancelWait = clock.setTimer(() => this.resize(), waitMs);
  }

  #abandon(thread: ModelThread) {
    this.#hanging += 1;
    thread.onGone = () => {
      this.#hanging -= 1;
      this.resize();
    };
  }

  #down(error: Error, waitMs: number) {
    const next =
      this.#hanging < MAX_HANGING ? `is tried in ${waitMs / 1_000} s` : "starts once one of those that hang is through";
    this.downReason = new Error(`it has no worker, and the next ${next}: ${error.message}`);
    this.onDown(this.downReason);
  }
}
