import type { PlanNode } from "../graph/plan.ts";
import type { SourceInstance, SourceYield } from "../node/index.ts";
import type { NodeCounters } from "../observe/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { SourceTime } from "./event_time/source_time.ts";
import { closeIterator, isThenable } from "./pending.ts";
import { Producer } from "./producer.ts";

type SourceIterator = Iterator<SourceYield> | AsyncIterator<SourceYield>;

const NOTHING: readonly StreamPacket[] = [];
/** Empty arrays a source may yield in one pull; then others have their turn. */
const MAX_EMPTY = 256;

/** What a look at a source brought. */
export type Pull = "packet" | "waiting" | "ended";

/** A source at run time: an iterator, the array it yielded last, and a promise for the next. */
export class SourceRun extends Producer {
  /** Set once `create` has succeeded. */
  instance!: SourceInstance;
  /** True when it hears an ack for each packet. */
  waits = false;
  /** Roots are kept for its packets though it hears nothing: a durable edge behind it asks them for copies. */
  tracked = false;
  /** Port that a packet leaves by; by the first without it. */
  portOf: ((packet: StreamPacket) => string) | undefined;
  /** Its packets came from a source before: no throttle counts them again. */
  unmetered = false;
  /** Set when event time waits for it. */
  time: SourceTime | undefined;
  /** Start times of recent restarts, monotonic milliseconds. */
  readonly restartsMs: number[] = [];
  #iterator: SourceIterator | undefined;
  #chunk: readonly StreamPacket[] = [];
  #at = 0;
  /** Packets of the chunk that may be taken now. */
  #until = 0;
  /** Who wants it to stand still: a checkpoint, a reload. */
  #pauses = 0;
  /** It is asked for no more; what it has yielded is taken. */
  finishing = false;
  /** Packets that it was not told the end of. */
  outstanding = 0;
  #waiting = false;
  #ended = false;
  #leaving = new AbortController();
  readonly #onWork: () => void;
  readonly #onError: (source: SourceRun, error: unknown) => void;

  constructor(
    plan: PlanNode,
    counters: NodeCounters,
    onWork: () => void,
    onError: (source: SourceRun, error: unknown) => void,
  ) {
    super(plan, counters);
    this.#onWork = onWork;
    this.#onError = onError;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Begins, or begins again after a failure. Throws what `run` throws. */
  start(signal: AbortSignal) {
    this.waits = this.tracked || this.instance.ack !== undefined;
    this.#iterator = iterate(this.instance.run(AbortSignal.any([signal, this.#leaving.signal])));
    this.#waiting = false;
  }

  get #paused(): boolean {
    return this.#pauses > 0;
  }

  get hasNext(): boolean {
    return this.#at < this.#until;
  }

  /** Packets it has yielded that leave it also while it stands still. */
  get left(): number {
    return this.#until - this.#at;
  }

  /** For a while no packet is taken, but those of an array of which some were: see {@link atPosition}. */
  pause() {
    this.#pauses += 1;
    if (this.#at === 0) this.#until = 0;
  }

  resume() {
    this.#pauses -= 1;
    if (this.#paused) return;
    this.#until = this.#chunk.length;
    this.#onWork();
  }

  /**
   * Everything it yielded was taken and it was asked for more, or nothing of what it yielded last: what it says of its
   * position is what has been taken, if it moves that on when it is asked for more.
   */
  get atPosition(): boolean {
    return this.#at === 0 || this.#waiting || this.#ended || this.#iterator === undefined;
  }

  /** Packets that were taken since it was last asked for more. */
  get taken(): number {
    return this.#at;
  }

  /** The packet that {@link hasNext} or {@link pull} found. */
  next(): StreamPacket {
    return this.#chunk[this.#at++]!;
  }

  /** Looks for a packet, without waiting. */
  pull(): Pull {
    if (this.hasNext) return "packet";
    if (this.#ended) return "ended";
    if (this.#waiting || this.finishing || this.#iterator === undefined) return "waiting";
    if (this.#paused && this.atPosition) return "waiting";
    return this.#advance(this.#iterator);
  }

  /** It is no part of the graph any more. */
  leave() {
    this.end();
    this.#leaving.abort();
  }

  /** Stops what runs, so that it can be closed and begun again; {@link leave} is for good. At rest. */
  letGo() {
    const iterator = this.#iterator;
    this.suspend();
    this.#chunk = NOTHING;
    this.#at = this.#until = 0;
    this.#waiting = false;
    this.#leaving.abort();
    this.#leaving = new AbortController();
    closeIterator(iterator, (error) => this.#onError(this, error));
  }

  /** Waits out of the scheduler's sight, for a restart. */
  suspend() {
    this.#iterator = undefined;
  }

  /** No more packets are taken; what was yielded but not taken yet is left behind. */
  end() {
    const iterator = this.#iterator;
    this.#ended = true;
    this.#iterator = undefined;
    this.#chunk = [];
    // How many of the last ones were taken is still asked.
    this.#until = this.#at;
    // A generator waiting for its next input hears the abort signal instead.
    closeIterator(iterator, (error) => this.#onError(this, error));
  }

  #advance(iterator: SourceIterator): Pull {
    for (let tries = 0; tries < MAX_EMPTY; tries++) {
      this.#chunk = NOTHING;
      this.#at = this.#until = 0;
      const step = iterator.next();
      if (isThenable(step)) return this.#wait(iterator, step);
      this.#accept(step);
      if (this.hasNext) return "packet";
      if (this.#ended) return "ended";
      if (this.#paused) return "waiting";
    }
    this.#onWork();
    return "waiting";
  }

  #wait(iterator: SourceIterator, step: PromiseLike<IteratorResult<SourceYield>>): Pull {
    this.#waiting = true;
    step.then(
      (result) => this.#arrived(iterator, result),
      (error: unknown) => this.#broke(iterator, error),
    );
    return "waiting";
  }

  #arrived(iterator: SourceIterator, step: IteratorResult<SourceYield>) {
    if (iterator !== this.#iterator) return;
    this.#waiting = false;
    this.#accept(step);
    this.#onWork();
  }

  #broke(iterator: SourceIterator, error: unknown) {
    if (iterator !== this.#iterator) return;
    this.#onError(this, error);
    this.#onWork();
  }

  #accept(step: IteratorResult<SourceYield>) {
    if (step.done) {
      this.#ended = true;
      return;
    }
    this.#chunk = Array.isArray(step.value) ? step.value : [step.value as StreamPacket];
    this.#at = 0;
    this.#until = this.#paused ? 0 : this.#chunk.length;
  }

  override roomChanged() {
    this.time?.roomChanged(this.blocked > 0);
    if (this.blocked === 0) this.#onWork();
  }
}

function iterate(items: unknown): SourceIterator {
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = Object(items);
  if (typeof later === "function") return later.call(items);
  if (typeof now === "function") return now.call(items);
  throw new TypeError(`run returned ${items === null ? "null" : typeof items}: return an iterable of packets`);
}
