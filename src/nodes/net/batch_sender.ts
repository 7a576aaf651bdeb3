import type { Clock } from "../../base/clock.ts";
import { Refused } from "../http_answer.ts";
import { Batch } from "./batch.ts";
import { batchKey } from "./header_key.ts";
import type { Sender } from "./sender.ts";
import { joinBodies } from "./sink_body.ts";

export interface BatchOptions {
  max_packets: number;
  max_ms: number;
  format: "array" | "ndjson";
}

/** A packet on its way into a batch. */
export interface BatchItem {
  body: string;
  key: string;
}

/** Statuses with which a server refuses what a body holds, so that one of its packets may be the reason. */
const CONTENT = new Set([400, 413, 422]);

/**
 * Sends packets together. A batch that is refused for what it holds is sent again in halves, so that the bad packet
 * is refused alone: at most twice as many requests as packets.
 */
export class BatchSender {
  readonly #sender: Sender;
  readonly #path: string;
  readonly #options: BatchOptions;
  readonly #batch: Batch<BatchItem>;
  readonly #keyed: boolean;
  splits = 0;

  constructor(sender: Sender, path: string, keyed: boolean, options: BatchOptions, clock: Clock) {
    this.#sender = sender;
    this.#path = path;
    this.#keyed = keyed;
    this.#options = options;
    const limits = { maxItems: options.max_packets, maxMs: options.max_ms };
    this.#batch = new Batch(clock, limits, (items) => this.#send(items));
  }

  add(item: BatchItem): Promise<void> {
    return this.#batch.add(item);
  }

  flush() {
    this.#batch.flush();
  }

  async #send(items: readonly BatchItem[]): Promise<(Error | undefined)[]> {
    try {
      const body = joinBodies(
        items.map((item) => item.body),
        this.#options.format,
      );
      const key = this.#keyed ? batchKey(items.map((item) => item.key)) : undefined;
      await this.#sender.send({ path: this.#path, body, key });
      return items.map(() => undefined);
    } catch (thrown) {
      const error = thrown as Error;
      if (items.length === 1 || !(error instanceof Refused) || !CONTENT.has(error.status))
        return items.map(() => error);
      this.splits += 1;
      const half = items.length >> 1;
      // One after the other, as the packets came.
      return [...(await this.#send(items.slice(0, half))), ...(await this.#send(items.slice(half)))];
    }
  }
}
