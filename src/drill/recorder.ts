import type { Clock } from "../base/clock.ts";
import { Ledger } from "./ledger.ts";
import { isIntact, type PacketName } from "./packet_key.ts";
import { Timeline } from "./timeline.ts";

/** What can be waited for. */
export type Sign = "acknowledged" | "delivered";

/** Sees every 202 and every delivery: keeps the books, the plot, and tells who waits for the next one. */
export class Recorder {
  readonly ledger: Ledger;
  readonly timeline: Timeline;
  readonly #clock: Clock;
  readonly #waiting: Record<Sign, (() => void)[]> = { acknowledged: [], delivered: [] };

  constructor(run: string, clock: Clock) {
    this.#clock = clock;
    this.ledger = new Ledger(run);
    this.timeline = new Timeline(() => clock.monotonicMs());
  }

  acknowledge(name: PacketName) {
    this.ledger.acknowledge(name);
    this.timeline.acknowledged();
    this.#tell("acknowledged");
  }

  /** `body` as it came, or undefined when the graph changes payloads and there is nothing to compare. */
  deliver(key: string, body: unknown, compare: boolean) {
    this.ledger.deliver(key, !compare || isIntact(body, key));
    this.timeline.delivered();
    this.#tell("delivered");
  }

  /** Milliseconds until the next sign; undefined when there was none for `limitMs`. */
  next(sign: Sign, limitMs: number): Promise<number | undefined> {
    const startMs = this.#clock.monotonicMs();
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(() => resolve(undefined), limitMs);
      this.#waiting[sign].push(() => {
        cancel();
        resolve(this.#clock.monotonicMs() - startMs);
      });
    });
  }

  #tell(sign: Sign) {
    if (this.#waiting[sign].length === 0) return;
    for (const resolve of this.#waiting[sign].splice(0)) resolve();
  }
}
