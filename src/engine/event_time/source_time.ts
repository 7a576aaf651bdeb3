import type { Clock } from "../../base/clock.ts";
import type { EventTimeOptions } from "../../graph/plan.ts";
import { parseIsoMs, type StreamPacket } from "../../packet/index.ts";
import { Lowest, type Placed } from "./lowest.ts";

/** Why 10,000: a city's sensors; of a sender that invents ids each costs some 200 bytes, so 2 MB. */
export const MAX_SOURCE_IDS = 10_000;
/** Clocks differ by hours where a zone is wrong, and by years where one was never set. */
const DAY_MS = 86_400_000;

/** One `source_id`: the highest event time seen of it. */
interface Seen extends Placed {
  readonly sourceId: string;
  /** When its last packet came, on the source's clock. */
  seenMs: number;
}

/**
 * How far event time has come at one source. Its watermark is the lowest, over its source ids that are not idle, of the
 * highest time seen less the longest delay.
 *
 * Invariant: an id is in `#talking` or in `#silent`, in the order of their last packets; in `#lowest` are those that talk
 * and are not a day behind the others.
 */
export class SourceTime {
  readonly options: EventTimeOptions;
  /** Highest event time of all its packets. */
  highestMs = Number.NEGATIVE_INFINITY;
  /** Packets whose time is more than a day ahead of the wall clock. */
  ahead = 0;
  /** Source ids that had to make room for others. */
  forgotten = 0;
  readonly #run: { readonly ended: boolean };
  readonly #clock: Clock;
  readonly #talking = new Map<string, Seen>();
  readonly #silent = new Map<string, Seen>();
  readonly #lowest = new Lowest<Seen>();
  #last: Seen | undefined;
  /** Monotonic time that this source's clock stood still for: it was blocked, so that silence says nothing. */
  #stoodMs: number;
  #blockedMs: number | undefined;

  constructor(run: { readonly ended: boolean }, options: EventTimeOptions, clock: Clock) {
    this.options = options;
    this.#run = run;
    this.#clock = clock;
    this.#stoodMs = clock.monotonicMs();
  }

  get ended(): boolean {
    return this.#run.ended;
  }

  /** Nothing has come of it for a while. */
  isIdle(nowMs: number): boolean {
    if (this.#lowest.first !== undefined) return false;
    return this.#talking.size + this.#silent.size > 0 || this.#clockMs(nowMs) >= this.options.idle_ms;
  }

  /** Meaningless while it is idle. */
  get watermarkMs(): number {
    const first = this.#lowest.first;
    return first === undefined ? Number.NEGATIVE_INFINITY : first.tsMs - this.options.max_delay_ms;
  }

  /** True when the watermark may have changed. A time that is none, or that cannot be, changes nothing. */
  observe({ ts, source_id }: StreamPacket, nowMs: number): boolean {
    const tsMs = parseIsoMs(ts);
    if (Number.isNaN(tsMs)) return false;
    if (tsMs > this.#clock.nowMs() + DAY_MS) {
      this.ahead += 1;
      return false;
    }
    const seen = this.#seen(source_id, this.#clockMs(nowMs));
    const raised = tsMs > seen.tsMs;
    if (raised) seen.tsMs = tsMs;
    if (tsMs > this.highestMs) this.highestMs = tsMs;
    if (seen.at >= 0) {
      if (raised) this.#lowest.raised(seen);
      return raised;
    }
    if (seen.tsMs < this.highestMs - DAY_MS) return false;
    this.#lowest.add(seen);
    return true;
  }

  /** Looks who has been silent for too long. */
  expire(nowMs: number) {
    const untilMs = this.#clockMs(nowMs) - this.options.idle_ms;
    for (const seen of this.#talking.values()) {
      if (seen.seenMs > untilMs) break;
      this.#talking.delete(seen.sourceId);
      this.#silent.set(seen.sourceId, seen);
      if (seen.at >= 0) this.#lowest.remove(seen);
      if (this.#last === seen) this.#last = undefined;
    }
    // One whose clock was never set does not keep the others.
    const floorMs = this.highestMs - DAY_MS;
    for (let first = this.#lowest.first; first !== undefined && first.tsMs < floorMs; first = this.#lowest.first) {
      this.#lowest.remove(first);
    }
  }

  /** Milliseconds until {@link expire} may find somebody; undefined: it will not before a packet comes. */
  idleInMs(nowMs: number): number | undefined {
    if (this.ended || this.#blockedMs !== undefined) return undefined;
    const oldest = this.#talking.values().next().value;
    if (oldest === undefined && this.#silent.size > 0) return undefined;
    const waitMs = (oldest?.seenMs ?? 0) + this.options.idle_ms - this.#clockMs(nowMs);
    // That nothing ever came of it is found once.
    return oldest === undefined && waitMs <= 0 ? undefined : waitMs;
  }

  /** It may not send, or may again. */
  roomChanged(blocked: boolean) {
    const nowMs = this.#clock.monotonicMs();
    if (blocked) this.#blockedMs ??= nowMs;
    else if (this.#blockedMs !== undefined) {
      this.#stoodMs += nowMs - this.#blockedMs;
      this.#blockedMs = undefined;
    }
  }

  /** Ids and the highest time of each, those longest silent first. */
  *seen(): Iterable<[sourceId: string, tsMs: number]> {
    for (const { sourceId, tsMs } of this.#silent.values()) yield [sourceId, tsMs];
    for (const { sourceId, tsMs } of this.#talking.values()) yield [sourceId, tsMs];
  }

  /** What an earlier run had seen; it counts as seen just now. */
  restore(sourceId: string, tsMs: number, nowMs: number) {
    const seen = this.#seen(sourceId, this.#clockMs(nowMs));
    seen.tsMs = tsMs;
    this.highestMs = Math.max(this.highestMs, tsMs);
    this.#lowest.add(seen);
  }

  #clockMs(nowMs: number): number {
    return (this.#blockedMs ?? nowMs) - this.#stoodMs;
  }

  /** The entry of an id, moved behind all others. */
  #seen(sourceId: string, seenMs: number): Seen {
    const last = this.#last;
    if (last?.sourceId === sourceId) {
      last.seenMs = seenMs;
      return last;
    }
    const seen = this.#talking.get(sourceId) ?? this.#silent.get(sourceId) ?? this.#newcomer(sourceId);
    this.#silent.delete(sourceId);
    this.#talking.delete(sourceId);
    this.#talking.set(sourceId, seen);
    seen.seenMs = seenMs;
    this.#last = seen;
    return seen;
  }

  #newcomer(sourceId: string): Seen {
    if (this.#talking.size + this.#silent.size >= MAX_SOURCE_IDS) this.#forget();
    return { sourceId, tsMs: Number.NEGATIVE_INFINITY, at: -1, seenMs: 0 };
  }

  #forget() {
    const from = this.#silent.size > 0 ? this.#silent : this.#talking;
    const oldest = from.values().next().value!;
    from.delete(oldest.sourceId);
    if (oldest.at >= 0) this.#lowest.remove(oldest);
    this.forgotten += 1;
  }
}
