import type { Cancel, Clock } from "../base/clock.ts";
import type { EndCall, Item, LoadCall, Loaded, Outcome, Reply, RunCall } from "./worker_messages.ts";

declare const SCHNITZEL_TARGET: string;

export type LoadOptions = Omit<LoadCall, "what" | "call">;

export interface Deadlines {
  /** A large model on a small machine is optimised for a minute; twice that is a hang. */
  readonly loadMs: number;
  readonly requestMs: number;
}

interface Pending {
  readonly call: number;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** One worker with one model, seen from the main thread. It answers one call at a time. */
export class ModelThread {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  /** Called once when it dies by itself; not after {@link end}. */
  onDeath: (error: Error) => void = () => {};
  /** Called when the thread is really gone. One that hangs goes on after its death, as nothing can interrupt it. */
  onGone: () => void = () => {};
  hangs = false;
  #pending: Pending | undefined;
  #cancel: Cancel = () => {};
  #calls = 0;
  #ended = false;
  /** In the native library, or perhaps: see {@link EndCall}. */
  #native = false;

  constructor(clock: Clock, deadlines: Deadlines) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#worker = new Worker(workerUrl());
    // In a turn of its own, for the reason given in store/worker_thread.ts.
    this.#worker.onmessage = ({ data }: { data: Reply }) => void setImmediate(() => this.#heard(data));
    this.#worker.onerror = (event: ErrorEvent) => {
      event.preventDefault?.();
      this.#die(`it crashed: ${event.message}`);
    };
    this.#worker.addEventListener("close", () => {
      this.#die("it ended");
      this.onGone();
    });
  }

  async load(options: LoadOptions): Promise<Loaded> {
    this.#native = options.native !== undefined;
    const reply = await this.#ask({ what: "load", ...options }, this.#deadlines.loadMs);
    if ("loaded" in reply) {
      this.#native = reply.loaded.backend === "native";
      return reply.loaded;
    }
    throw new Error("error" in reply ? reply.error : "a model that is loaded answered as if it had run");
  }

  /** One outcome per item. Rejects when the thread died over it. */
  async run(items: readonly Item[]): Promise<readonly Outcome[]> {
    const reply = await this.#ask({ what: "run", items }, this.#deadlines.requestMs);
    if ("outcomes" in reply) return reply.outcomes;
    throw this.#die("error" in reply ? reply.error : "it answered as if it had loaded");
  }

  /** Ends it now; who waits for an answer hears `reason`. */
  end(reason: string) {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#native) this.#worker.postMessage({ what: "end", call: 0 } satisfies EndCall);
    else this.#worker.terminate();
    this.#settle()?.reject(new Error(reason));
  }

  #ask(message: Omit<LoadCall, "call"> | Omit<RunCall, "call">, deadlineMs: number): Promise<Reply> {
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending = { call, resolve, reject };
      this.#cancel = this.#clock.setTimer(() => this.#hang(deadlineMs), deadlineMs);
      try {
        this.#worker.postMessage({ ...message, call });
      } catch (error) {
        this.#settle();
        reject(error as Error);
      }
    });
  }

  #heard(reply: Reply) {
    if (this.#pending?.call === reply.call) this.#settle()?.resolve(reply);
  }

  #settle(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#cancel();
    return pending;
  }

  #hang(deadlineMs: number) {
    this.hangs = true;
    this.#die(`no answer within ${deadlineMs / 1_000} s`);
    // It holds a core until it is through, but not the process.
    this.#worker.unref();
  }

  #die(reason: string): Error {
    const error = new Error(`the worker of the model was lost: ${reason}`);
    if (this.#ended) return error;
    this.end(error.message);
    this.onDeath(error);
    return error;
  }
}

/** In an executable the thread is an entry point of the build, beside main.ts; see scripts/compile.ts. */
function workerUrl(): string {
  return typeof SCHNITZEL_TARGET === "undefined"
    ? new URL("./worker.ts", import.meta.url).href
    : "./inference/worker.ts";
}
