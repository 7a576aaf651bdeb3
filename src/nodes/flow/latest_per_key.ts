import * as v from "valibot";
import type { Hold, NodeContext } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { DueKeys } from "./due_keys.ts";

/** What a node that keeps the latest packet of each key knows of one. */
export interface Kept {
  /** When the node looks at it again. */
  dueMs: number;
  /** When this began: the window, or the first of several packets. */
  sinceMs: number;
  packet: StreamPacket | undefined;
  hold: Hold | undefined;
}

export interface LatestOptions {
  time: "clock" | "event";
  max_keys: number;
  /** A key is due: what leaves, and what is known of the key from then on; undefined forgets it. */
  onDue(kept: Kept): { emit: boolean; next: Kept | undefined };
}

export const timeConfig = v.pipe(
  v.optional(v.picklist(["clock", "event"]), "clock"),
  v.description("`clock`: when packets come; `event`: their own times, so that a replay gives the same."),
);

type Saved = [key: string, dueMs: number, sinceMs: number, packet: StreamPacket | null];

/**
 * The latest packet of each key, until it is due by the clock or in event time. At most `max_keys`; the one that has
 * been there longest is sent early to make room.
 */
export class LatestPerKey {
  readonly #kept = new Map<string, Kept>();
  readonly #due = new DueKeys();
  readonly #options: LatestOptions;
  readonly #context: NodeContext;
  #early = 0;
  #skipped = 0;

  constructor(options: LatestOptions, context: NodeContext) {
    this.#options = options;
    this.#context = context;
  }

  nowMs(packet: StreamPacket): number {
    return this.#options.time === "event" ? eventTimeMs(packet) : this.#context.clock.monotonicMs();
  }

  get(key: string): Kept | undefined {
    return this.#kept.get(key);
  }

  /** What of a key is due by now, though nobody has said so: event time passes later than a packet comes. */
  expire(key: string, nowMs: number): Kept[] {
    const leaving: Kept[] = [];
    for (let kept = this.#kept.get(key); kept !== undefined && kept.dueMs <= nowMs; kept = this.#kept.get(key)) {
      this.#settle(key, leaving);
    }
    return leaving;
  }

  /** True when the packet that is kept is the later one by its own time; by the clock the last one to come is. */
  isStale(packet: StreamPacket, kept: StreamPacket | undefined): boolean {
    return this.#options.time === "event" && kept !== undefined && eventTimeMs(packet) < eventTimeMs(kept);
  }

  /** Takes a key in; gives what had to make room, which leaves. */
  put(key: string, kept: Kept): Kept[] {
    const isNew = !this.#kept.has(key);
    const early = isNew && this.#kept.size >= this.#options.max_keys ? this.#pushOut() : undefined;
    this.#kept.set(key, kept);
    this.#due.add(key, kept.dueMs);
    this.#arm();
    return early?.packet === undefined ? [] : [early];
  }

  /** Gives what was kept to an output; whoever waits for it hears what comes of it, and of nothing else. */
  letGo({ packet, hold }: Pick<Kept, "packet" | "hold">, out: (packet: StreamPacket) => void) {
    this.#context.carry([hold]);
    out(packet!);
  }

  /** The same, to the output of those that do not pass. */
  skip(left: Pick<Kept, "packet" | "hold">, out: (packet: StreamPacket) => void) {
    this.#skipped += 1;
    this.letGo(left, out);
  }

  /** What a node with such keys has beside `process`. */
  hooks() {
    return {
      advance: (watermarkMs: number) => this.#advance(watermarkMs),
      wake: () => this.#wake(),
      metrics: () => ({ keys: this.#kept.size, early_total: this.#early, skipped_total: this.#skipped }),
      snapshot: () => this.#snapshot(),
      restore: (state: unknown) => this.#restore(state as Saved[]),
    };
  }

  /** By the clock only the end of the input counts, at which everything leaves. */
  #advance(watermarkMs: number): Iterator<StreamPacket> | undefined {
    if (this.#options.time === "clock" && watermarkMs !== Number.POSITIVE_INFINITY) return undefined;
    return this.#fire(watermarkMs);
  }

  #wake(): Iterator<StreamPacket> | undefined {
    if (this.#options.time === "event") return undefined;
    const fired = this.#fire(this.#context.clock.monotonicMs());
    this.#arm();
    return fired;
  }

  /** Times of the clock are kept as what is left of them: it starts anew with every run. */
  #snapshot(): Saved[] {
    const zeroMs = this.#zeroMs();
    return Array.from(this.#kept, ([key, { dueMs, sinceMs, packet }]) => [
      key,
      dueMs - zeroMs,
      sinceMs - zeroMs,
      packet ?? null,
    ]);
  }

  #restore(state: Saved[]) {
    const zeroMs = this.#zeroMs();
    this.#kept.clear();
    for (const [key, dueMs, sinceMs, packet] of state) {
      this.#kept.set(key, {
        dueMs: dueMs + zeroMs,
        sinceMs: sinceMs + zeroMs,
        packet: packet ?? undefined,
        hold: undefined,
      });
      this.#due.add(key, dueMs + zeroMs);
    }
    this.#arm();
  }

  #zeroMs = () => (this.#options.time === "event" ? 0 : this.#context.clock.monotonicMs());

  #pushOut(): Kept {
    const [oldest, kept] = this.#kept.entries().next().value!;
    this.#kept.delete(oldest);
    if (kept.packet !== undefined) this.#early += 1;
    return kept;
  }

  /** What is due, to be taken one at a time as room allows. */
  #fire(nowMs: number): Iterator<StreamPacket> | undefined {
    const leaving: Kept[] = [];
    // At the end of the input everything is due, also what another firing would put off.
    for (let left = this.#due.take(nowMs, this.#dueMs); left.length > 0; left = this.#due.take(nowMs, this.#dueMs)) {
      for (const key of left) this.#settle(key, leaving);
    }
    return leaving.length === 0 ? undefined : this.#oneByOne(leaving);
  }

  *#oneByOne(leaving: readonly Kept[]) {
    for (const { packet, hold } of leaving) {
      this.#context.carry([hold]);
      yield packet!;
    }
  }

  #settle(key: string, leaving: Kept[]) {
    const kept = this.#kept.get(key)!;
    const { emit, next } = this.#options.onDue(kept);
    if (emit && kept.packet !== undefined) leaving.push(kept);
    this.#kept.delete(key);
    if (next === undefined) return;
    this.#kept.set(key, next);
    this.#due.add(key, next.dueMs);
  }

  #dueMs = (key: string) => this.#kept.get(key)?.dueMs;

  #arm() {
    if (this.#options.time === "event") return;
    const nextMs = this.#due.nextMs;
    const delayMs = nextMs === undefined ? undefined : Math.max(0, nextMs - this.#context.clock.monotonicMs());
    this.#context.wakeAfter(delayMs);
  }
}
