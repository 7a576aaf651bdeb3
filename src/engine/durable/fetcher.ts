import type { Cancel, Clock } from "../../base/clock.ts";
import type { QueueRow } from "../../store/index.ts";
import type { Link } from "./link.ts";
import { Pace } from "./pace.ts";
import type { Patience } from "./patience.ts";

/** Of one request; a row larger than this still comes, alone. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface FetcherEvents {
  /** Rows that are leased now, oldest first. */
  onRows(rows: readonly QueueRow[]): void;
  /** A request has ended, with rows or without. */
  onEnd(): void;
}

/** Keeps one request for rows standing, within `drain_rate` for those of the backlog. */
export class Fetcher {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #events: FetcherEvents;
  readonly #pace: Pace;
  #request: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();
  #timer: Cancel = () => {};

  constructor(link: Link, clock: Clock, patience: Patience, events: FetcherEvents) {
    this.#link = link;
    this.#clock = clock;
    this.#patience = patience;
    this.#events = events;
    this.#pace = new Pace(link.options.drain_rate, clock);
  }

  /** Asks for up to `count` rows, unless a request stands. */
  ask(count: number) {
    if (this.#request !== undefined) return;
    this.#request = new AbortController();
    this.#ended = this.#lease(count, this.#request.signal);
  }

  /** Calls the request off and resolves when nothing comes any more. */
  async stop() {
    this.#timer();
    this.#request?.abort();
    await this.#ended;
  }

  async #lease(count: number, signal: AbortSignal) {
    const { name, queue, options } = this.#link;
    const backlog = this.#pace.rows;
    // Behind an empty bucket it would hear of new rows only; the bucket fills, so it asks again then.
    if (backlog < 1) this.#timer = this.#clock.setTimer(() => this.#request?.abort(), this.#pace.waitMs);
    try {
      const rows = await queue.lease({
        // Until it is answered: a packet may be held through an outage of any length, and a process that ends gives all back.
        ...{ count, maxBytes: MAX_BYTES, holder: name, leaseMs: Number.POSITIVE_INFINITY, wait: true },
        ...{ backlog, liveFirst: options.order === "live_first", signal },
      });
      this.#patience.succeeded();
      this.#pace.take(rows.filter((row) => row.backlog).length);
      this.#events.onRows(rows);
    } catch (error) {
      await this.#patience.wait(error as Error);
    }
    this.#timer();
    this.#request = undefined;
    this.#events.onEnd();
  }
}
