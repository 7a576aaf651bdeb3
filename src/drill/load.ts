import { type Clock, sleep } from "../base/clock.ts";
import { keyOf, type PacketName, payloadOf } from "./packet_key.ts";
import type { Recorder } from "./recorder.ts";

export interface LoadOptions {
  readonly run: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Posters; each waits for its 202 before it goes on, so a partition's order is the order of its numbers. */
  readonly partitions: number;
  readonly fillerBytes: number;
  /** Of one poster between two packets; 0 is as fast as the graph takes them. */
  readonly pauseMs: number;
}

/** A poster that is refused tries again after this: often enough to see a restart, seldom enough to leave the CPU. */
const RETRY_MS = 25;
/** After 503: the graph asks for a second or more, and 64 posters that wait as long would hide how soon it recovers. */
const BUSY_MS = 50;
/** Longer than a commit on the slowest disk of the drill. A post whose answer was lost is tried again, same key. */
const ANSWER_MS = 10_000;

/** Posts packets as a careful client does: numbered, with an idempotency key, again and again until the 202. */
export class Load {
  readonly #options: LoadOptions;
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #posters: Promise<void>[] = [];
  readonly #stopping = new AbortController();
  /** How often each answer but 202 was seen; "none" is a connection that was refused or cut. */
  readonly answers = new Map<string, number>();

  constructor(options: LoadOptions, recorder: Recorder, clock: Clock) {
    this.#options = options;
    this.#recorder = recorder;
    this.#clock = clock;
  }

  start() {
    for (let partition = 0; partition < this.#options.partitions; partition++)
      this.#posters.push(this.#poster(partition));
  }

  /** A post under way is waited for: its answer belongs into the books. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#posters);
  }

  async #poster(partition: number) {
    const { signal } = this.#stopping;
    for (let number = 0; !signal.aborted; number++) {
      const name = { partition, number };
      this.#recorder.ledger.post(name);
      await this.#until202(name, signal);
      if (this.#options.pauseMs > 0) await sleep(this.#clock, this.#options.pauseMs, signal);
    }
  }

  async #until202(name: PacketName, signal: AbortSignal) {
    const { run, fillerBytes } = this.#options;
    const body = JSON.stringify(payloadOf(run, name, fillerBytes));
    while (!signal.aborted) {
      const status = await this.#post(keyOf(run, name), body);
      if (status === 202) return this.#recorder.acknowledge(name);
      const answer = status === undefined ? "none" : String(status);
      this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
      await sleep(this.#clock, status === 503 ? BUSY_MS : RETRY_MS, signal);
    }
  }

  /** The status of the answer; undefined when there was none. */
  async #post(key: string, body: string): Promise<number | undefined> {
    try {
      const own = { "content-type": "application/json", "idempotency-key": key };
      const headers = { ...this.#options.headers, ...own };
      const signal = AbortSignal.timeout(ANSWER_MS);
      const response = await fetch(this.#options.url, { method: "POST", headers, body, signal, redirect: "error" });
      // Read to the end, or the connection cannot be used again.
      await response.arrayBuffer();
      return response.status;
    } catch {
      return undefined;
    }
  }
}
