import { type Clock, sleep } from "../base/clock.ts";
import { toError } from "../base/to_error.ts";
import type { DeadLetter, Log } from "../observe/index.ts";
import type { DeadEntry, Queue } from "../store/index.ts";
import { letterRow } from "./letter_row.ts";

/** Letters of one commit. */
const MAX_LETTERS = 256;
/** Letters that wait for a disk that fails. As many as the file keeps: of more the oldest would go again. */
const MAX_WAITING = 10_000;
/** What they hold: an eighth of the memory of a small edge box. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** A disk that fails is asked again after 0.1 s, 0.2 s, 0.4 s … */
const BASE_MS = 100;
/** … and at least every 5 s, so that they are safe soon after it recovers. */
const CAP_MS = 5_000;

export interface KeptLettersOptions {
  clock: Clock;
  log: Log;
}

/**
 * Keeps dead letters in the state directory, gathered into commits, and asks again for those that fail. What a queue of
 * the graph holds already is not kept twice.
 */
export class KeptLetters {
  readonly #queue: Pick<Queue, "setAside">;
  readonly #options: KeptLettersOptions;
  readonly #ending = new AbortController();
  #waiting: DeadEntry[] = [];
  #bytes = 0;
  #writing: Promise<void> | undefined;
  #tries = 0;
  /** Not kept, and not told of yet. */
  #lost = 0;
  #reason = "";

  constructor(queue: Pick<Queue, "setAside">, options: KeptLettersOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  keep(letter: DeadLetter) {
    if (letter.queue !== undefined) return;
    const row = letterRow(letter);
    const bytes = sizeOf(row);
    const full = this.#waiting.length >= MAX_WAITING || this.#bytes + bytes > MAX_WAITING_BYTES;
    if (full && this.#waiting.length > 0) {
      this.#lost += 1;
      this.#reason ||= "more came than are held while they wait for the disk";
      return;
    }
    this.#waiting.push(row);
    this.#bytes += bytes;
    this.#writing ??= Promise.resolve().then(() => this.#writeAll());
  }

  /** Resolves when all of them are on the disk; those that a last try cannot write are counted as lost. */
  async close() {
    this.#ending.abort();
    await this.#writing;
  }

  async #writeAll() {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MAX_LETTERS);
      try {
        await this.#queue.setAside(batch);
        this.#drop(batch.length);
        this.#succeeded();
      } catch (error) {
        await this.#failed(toError(error));
      }
    }
    this.#tellLost();
    this.#writing = undefined;
  }

  #succeeded() {
    if (this.#tries > 0) this.#options.log.info("dead letters are written again", { tries: this.#tries });
    this.#tries = 0;
  }

  async #failed({ message }: Error) {
    if (this.#ending.signal.aborted) {
      this.#lost += this.#waiting.length;
      this.#reason = message;
      return this.#drop(this.#waiting.length);
    }
    const { clock, log } = this.#options;
    if (this.#tries === 0) {
      const fields = { waiting: this.#waiting.length, reason: message };
      log.error("dead letters cannot be written and are tried again until they can", fields);
    }
    this.#tries += 1;
    await sleep(clock, Math.min(CAP_MS, BASE_MS * 2 ** (this.#tries - 1)), this.#ending.signal);
  }

  #drop(count: number) {
    for (const row of this.#waiting.splice(0, count)) this.#bytes -= sizeOf(row);
  }

  #tellLost() {
    if (this.#lost === 0) return;
    this.#options.log.error("dead letters could not be kept", { count: this.#lost, reason: this.#reason });
    this.#lost = 0;
    this.#reason = "";
  }
}

/** Characters, about: a letter's own fields are small beside its payload. */
const sizeOf = ({ payload, meta, error, stack }: DeadEntry) =>
  payload.length + meta.length + error.length + stack.length;
