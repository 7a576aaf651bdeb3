import type { ModelOptions } from "../node/index.ts";
import { Crew, type CrewOptions } from "./crew.ts";
import { Latency } from "./latency.ts";
import type { ModelThread } from "./model_thread.ts";
import { type Request, RequestQueue, RequestQueues } from "./request_queue.ts";
import type { Item, Loaded, Outcome } from "./worker_messages.ts";

export interface ServerOptions extends Omit<CrewOptions, "size"> {
  readonly options: ModelOptions;
  readonly cores: number;
}

/** One model for all nodes that share it: their requests, and the workers that answer them. */
export class ModelServer {
  readonly latency = new Latency();
  readonly #given: ServerOptions;
  readonly #crew: Crew;
  readonly #queues = new RequestQueues();
  /** Requests that go into one call at most. */
  #batch = 1;
  batches = 0;
  batched = 0;

  constructor(given: ServerOptions) {
    this.#given = given;
    this.#crew = new Crew({ ...given, size: () => this.#size });
    this.#crew.onIdle = () => this.#dispatch();
    this.#crew.onDown = (error) => {
      for (const { reject } of this.#queues.empty()) reject(error);
    };
  }

  /** Starts the first worker; rejects when the model cannot be loaded. */
  async open(): Promise<Loaded> {
    const loaded = await this.#crew.open();
    const free = [...loaded.inputs, ...loaded.outputs].every(({ dims }) => dims[0] === -1);
    this.#batch = free ? Math.max(1, this.#given.options.batch) : 1;
    this.#crew.resize();
    return loaded;
  }

  get #size(): number {
    const { options, cores } = this.#given;
    return options.workers > 0 ? options.workers : Math.max(1, Math.min(this.#queues.size, cores));
  }

  /** One node more. */
  join(): RequestQueue {
    const queue = new RequestQueue(Math.max(1, this.#given.options.queue));
    this.#queues.add(queue);
    this.#crew.resize();
    return queue;
  }

  /** One node less; true when it was the last, and the workers are gone. */
  leave(queue: RequestQueue): boolean {
    this.#queues.remove(queue);
    for (const { reject } of queue.waiting.splice(0)) reject(new Error("the model was released"));
    if (this.#queues.size > 0) this.#crew.resize();
    else this.#crew.close("the model was released");
    return this.#queues.size === 0;
  }

  ask(queue: RequestQueue, item: Item): Promise<Outcome> {
    const down = this.#crew.downReason;
    if (down !== undefined) return Promise.reject(down);
    const key = this.#batch > 1 ? keyOf(item) : "";
    return new Promise((resolve, reject) => {
      queue.waiting.push({ item, key, askedMs: this.#given.clock.monotonicMs(), resolve, reject });
      this.#dispatch();
    });
  }

  metrics(): Record<string, number> {
    const { count, sumMs } = this.latency;
    return {
      inference_queue: this.#queues.waiting,
      inference_workers: this.#crew.alive,
      inference_worker_restarts_total: this.#crew.restarts,
      inference_ms_count: count,
      inference_ms_sum: sumMs,
      inference_ms_p50: this.latency.percentile(0.5),
      inference_ms_p99: this.latency.percentile(0.99),
      inference_batches_total: this.batches,
      inference_batched_total: this.batched,
      inference_native: Number(this.#crew.backend === "native"),
    };
  }

  #dispatch() {
    while (this.#queues.waiting > 0) {
      const thread = this.#crew.take();
      if (thread === undefined) return;
      void this.#run(thread, this.#queues.take(this.#batch));
    }
  }

  async #run(thread: ModelThread, requests: readonly Request[]) {
    this.batches += 1;
    this.batched += requests.length;
    try {
      const outcomes = await thread.run(requests.map(({ item }) => item));
      const nowMs = this.#given.clock.monotonicMs();
      requests.forEach(({ askedMs, resolve }, i) => {
        this.latency.add(nowMs - askedMs);
        resolve(outcomes[i]!);
      });
      this.#crew.free(thread);
    } catch (error) {
      for (const { reject } of requests) reject(error as Error);
    }
  }
}

/** Of frames the plan; of tensors all but the number of rows. */
function keyOf(item: Item): string {
  if ("frame" in item) return JSON.stringify(item.plan);
  return JSON.stringify(Object.entries(item.tensors).map(([name, { type, dims }]) => [name, type, dims.slice(1)]));
}
