import { StoreError } from "./error.ts";
import type { OnEvent } from "./guards.ts";
import { errorOf } from "./plain_error.ts";
import type { Call, Event, Reply } from "./worker_messages.ts";

declare const SCHNITZEL_TARGET: string;

interface Pending {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** Who is told about a file. */
export interface FileListener {
  onEvent: OnEvent;
  /** The thread died, and with it what waited there. */
  onDeath(error: Error): void;
}

type Unnumbered<Message> = Message extends Call ? Omit<Message, "call"> : never;

/**
 * The thread of the queue files, from the outside. It is started by the first file that is opened and holds the process
 * while one is. Should it die, all that was asked of it is rejected, and the next call starts another.
 */
class WorkerThread {
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<number, FileListener>();
  #worker: Worker | undefined;
  #calls = 0;
  #files = 0;
  /** Counts the threads; a file that was opened in an earlier one is not open in this one. */
  generation = 0;

  get alive(): boolean {
    return this.#worker !== undefined;
  }

  /** A number for a file, and who hears of it. */
  register(listener: FileListener): number {
    const file = ++this.#files;
    this.#listeners.set(file, listener);
    this.#hold();
    return file;
  }

  forget(file: number) {
    this.#listeners.delete(file);
    this.#hold();
  }

  /** `transfer`: buffers of the message that are the other thread's from now on. */
  call(message: Unnumbered<Call>, transfer: ArrayBuffer[] = []): Promise<Reply> {
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      try {
        this.#started().postMessage({ ...message, call }, transfer);
      } catch (error) {
        this.#pending.delete(call);
        reject(error);
      }
    });
  }

  /** Ends what the thread has of `file`, and hears nothing of it any more. */
  async close(file: number) {
    try {
      // Also after a round whose answer did not come: the thread may have it open all the same.
      if (this.alive) await this.call({ what: "close", file });
    } catch (error) {
      // The thread died, or does not have it: then it is closed.
      if (!(error instanceof StoreError)) throw error;
    } finally {
      this.forget(file);
    }
  }

  /** For tests of what a crash leaves. */
  kill() {
    this.#worker?.terminate();
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    // It notes beside each file who has it.
    const worker = new Worker(workerUrl(), { argv: process.argv.slice(2) });
    this.#worker = worker;
    this.generation += 1;
    // In a turn of its own: Bun hands out messages in a loop that it does not enter again, so whoever waited
    // synchronously for the next one in here, as `expect(…).rejects` of bun:test does, would wait for ever.
    worker.onmessage = ({ data }: { data: Reply | Event }) => void setImmediate(() => this.#heard(data));
    worker.onerror = (event: ErrorEvent) => {
      event.preventDefault?.();
      this.#died(worker, event.message);
    };
    worker.addEventListener("close", () => this.#died(worker, "it ended"));
    this.#hold();
    return worker;
  }

  #heard(message: Reply | Event) {
    if (message.what === "event") {
      return this.#listeners.get(message.file)?.onEvent(message.level, message.message, message.fields);
    }
    const pending = this.#pending.get(message.call);
    this.#pending.delete(message.call);
    if (message.what === "error") pending?.reject(errorOf(message.error));
    else pending?.resolve(message);
  }

  #died(worker: Worker, reason: string) {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    worker.terminate();
    const error = new StoreError("QUEUE_UNWRITABLE", `the thread of the queue files died: ${reason}; ask again`);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
    for (const { onDeath } of this.#listeners.values()) onDeath(error);
  }

  /** Without a file it keeps no process alive. */
  #hold() {
    if (this.#listeners.size > 0) this.#worker?.ref();
    else this.#worker?.unref();
  }
}

/** One for all files: with one each, a graph of fifty durable edges would have fifty threads that mostly wait. */
export const workerThread = new WorkerThread();

/** In an executable the thread is an entry point of the build, beside main.ts; see scripts/compile.ts. */
function workerUrl(): string {
  return typeof SCHNITZEL_TARGET === "undefined" ? new URL("./worker.ts", import.meta.url).href : "./store/worker.ts";
}
