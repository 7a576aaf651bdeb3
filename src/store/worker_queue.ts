import { StoreError } from "./error.ts";
import { completed, type QueueFileOptions } from "./open_options.ts";
import type { Asked } from "./operation.ts";
import type { QueueOptions, QueueStats } from "./queue.ts";
import { QueueClient, type Transport } from "./queue_client.ts";
import { queueClock } from "./queue_clock.ts";
import type { Round } from "./queue_host.ts";
import { packAsked, unpackAnswers } from "./wire.ts";
import { workerThread } from "./worker_thread.ts";

/** Opens a queue in the thread of the queue files. */
export async function openInWorker(path: string, { clock, onEvent, ...asked }: QueueFileOptions): Promise<QueueClient> {
  const now = queueClock(clock);
  const transport = new WorkerTransport(path, completed(asked), onEvent);
  try {
    const stats = await transport.open(now());
    const client = new QueueClient(path, transport, clock, stats, now);
    transport.onDeath = (error) => client.lost(error);
    return client;
  } catch (error) {
    transport.forget();
    throw error;
  }
}

/** The rounds of one file, in the other thread. */
class WorkerTransport implements Transport {
  readonly #path: string;
  readonly #options: QueueOptions;
  readonly #file: number;
  onDeath: (error: Error) => void = () => {};
  /** The thread in which the file is open; 0: in none. */
  #generation = 0;
  #opening: Promise<QueueStats> | undefined;

  constructor(path: string, options: QueueOptions, onEvent: QueueFileOptions["onEvent"]) {
    this.#path = path;
    this.#options = options;
    this.#file = workerThread.register({ onEvent, onDeath: (error) => this.onDeath(error) });
  }

  async open(nowMs: number): Promise<QueueStats> {
    const call = { what: "open", file: this.#file, path: this.#path, options: this.#options, nowMs } as const;
    const opening = workerThread.call(call);
    const { generation } = workerThread;
    const reply = await opening;
    if (reply.what !== "opened") throw new Error(`a queue that is opened answered ${reply.what}`);
    // Not before: a file whose opening failed is open nowhere, and the next round tries again.
    this.#generation = generation;
    return reply.stats;
  }

  async round(asked: readonly Asked[], nowMs: number): Promise<Round> {
    await this.#reopened(nowMs);
    for (const { operation } of asked) if (operation.op === "limit") Object.assign(this.#options, operation.options);
    try {
      const reply = await workerThread.call({ what: "round", file: this.#file, nowMs, asked: packAsked(asked) });
      if (reply.what !== "round") throw new Error(`a round of a queue was answered with ${reply.what}`);
      const { stats, dueMs } = reply.round;
      return { answers: unpackAnswers(reply.round), stats, dueMs };
    } catch (error) {
      this.#doubt(error as Error);
      throw error;
    }
  }

  /**
   * An answer did not come, so nobody knows what was handed out in it: the file is opened again, which ends its leases,
   * and those who wait there hear of it.
   */
  #doubt(error: Error) {
    this.#generation = 0;
    this.onDeath(error);
  }

  get #isOpen(): boolean {
    return workerThread.alive && this.#generation === workerThread.generation;
  }

  close() {
    return workerThread.close(this.#file);
  }

  forget() {
    workerThread.forget(this.#file);
  }

  /** After the thread died: the file is opened in the next one, which counts what was out as tried. */
  async #reopened(nowMs: number) {
    if (!this.#isOpen) {
      this.#opening ??= this.open(nowMs).finally(() => {
        this.#opening = undefined;
      });
    }
    try {
      await this.#opening;
    } catch (error) {
      const { message } = error as Error;
      throw new StoreError("QUEUE_UNWRITABLE", `cannot open queue ${this.#path} again: ${message}`, { cause: error });
    }
  }
}
