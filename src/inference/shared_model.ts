import type { Box, BoxOutput, FrameInput, Model, ModelPort, TensorData } from "../node/index.ts";
import type { Frame } from "../packet/index.ts";
import { checkFeeds } from "./check_feeds.ts";
import { type FramePlan, framePlan } from "./frame_plan.ts";
import type { ModelServer } from "./model_server.ts";
import type { RequestQueue } from "./request_queue.ts";
import type { ResolvedModel } from "./resolve.ts";
import type { Item, Loaded, Outcome } from "./worker_messages.ts";

export interface Share {
  readonly server: ModelServer;
  readonly queue: RequestQueue;
  readonly model: ResolvedModel;
  readonly loaded: Loaded;
  /** `last`: nobody else holds it, and its workers are gone. */
  onRelease(last: boolean): void;
}

/** What a node holds of a model: its place in the queue of a server that others may share. */
export class SharedModel implements Model {
  readonly about: Model["about"];
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  readonly classes: readonly string[];
  readonly usual: Model["usual"];
  readonly #server: ModelServer;
  readonly #queue: RequestQueue;
  readonly #onRelease: (last: boolean) => void;
  /** A node asks with the same object each time. */
  readonly #plans = new WeakMap<FrameInput, FramePlan>();
  #requests = 0;
  #failed = 0;
  #refused = 0;
  #released = false;

  constructor({ server, queue, model, loaded, onRelease }: Share) {
    const { name, sha256, bytes } = model;
    this.about = { name, sha256, bytes: bytes.length, backend: loaded.backend };
    this.inputs = loaded.inputs;
    this.outputs = loaded.outputs;
    this.classes = model.classes ?? [];
    this.usual = model.usual ?? {};
    this.#server = server;
    this.#queue = queue;
    this.#onRelease = onRelease;
  }

  checkInput(input: FrameInput) {
    try {
      this.#plan(input);
    } catch (error) {
      throw this.#fault((error as Error).message);
    }
  }

  async detect(frame: Frame, input: FrameInput, output: BoxOutput): Promise<readonly Box[]> {
    const outcome = await this.#ask(() => ({ frame: bare(frame), plan: this.#plan(input), boxes: output }));
    return "boxes" in outcome ? outcome.boxes : [];
  }

  async runFrame(frame: Frame, input: FrameInput): Promise<ReadonlyMap<string, TensorData>> {
    const outcome = await this.#ask(() => ({ frame: bare(frame), plan: this.#plan(input) }));
    return "tensors" in outcome ? outcome.tensors : new Map();
  }

  async run(tensors: Readonly<Record<string, TensorData>>): Promise<ReadonlyMap<string, TensorData>> {
    const outcome = await this.#ask(() => {
      checkFeeds(this.inputs, tensors);
      return { tensors };
    });
    return "tensors" in outcome ? outcome.tensors : new Map();
  }

  /** The numbers of the server are those of all nodes that share it. */
  metrics(): Record<string, number> {
    return {
      inference_requests_total: this.#requests,
      inference_failed_total: this.#failed,
      inference_refused_total: this.#refused,
      ...this.#server.metrics(),
    };
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#onRelease(this.#server.leave(this.#queue));
  }

  /** `make` throws what is wrong with the request itself. */
  async #ask(make: () => Item): Promise<Exclude<Outcome, { error: string }>> {
    if (this.#released) throw this.#fault("it was released");
    this.#requests += 1;
    if (this.#queue.isFull) {
      this.#refused += 1;
      throw this.#fault(`${this.#queue.most} requests wait already, which is its queue: ask less often or raise queue`);
    }
    try {
      const outcome = await this.#server.ask(this.#queue, make());
      if ("error" in outcome) throw new Error(outcome.error);
      return outcome;
    } catch (error) {
      this.#failed += 1;
      throw this.#fault((error as Error).message);
    }
  }

  #plan(input: FrameInput): FramePlan {
    const known = this.#plans.get(input);
    if (known !== undefined) return known;
    const made = framePlan(this.inputs, input);
    this.#plans.set(input, made);
    return made;
  }

  #fault(why: string): Error {
    return new Error(`cannot run model ${this.about.name}: ${why}`);
  }
}

/** Without what nodes add to a frame. Memory that is not shared is copied on its way, and then only the picture's own. */
function bare({ width, height, format, stride, data, frame_idx }: Frame): Frame {
  const whole = data.buffer instanceof SharedArrayBuffer || data.byteLength === data.buffer.byteLength;
  return { width, height, format, stride, frame_idx, data: whole ? data : data.slice() };
}
