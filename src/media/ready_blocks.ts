import type { AudioBlock } from "./audio_spec.ts";

/** Blocks of a live sound that nobody took yet. At most `most`; the oldest makes room. */
export class ReadyBlocks {
  /** Blocks given up. */
  dropped = 0;
  readonly #most: number;
  readonly #blocks: AudioBlock[] = [];
  #end: { error?: Error } | undefined;
  #wake: (() => void) | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  put(block: AudioBlock): void {
    if (this.#blocks.length === this.#most) {
      this.#blocks.shift();
      this.dropped += 1;
    }
    this.#blocks.push(block);
    this.#wake?.();
  }

  /** No block comes after this; those that are here can still be taken. */
  end(error?: Error): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  /** The oldest, when there is one; undefined at the end. Throws the error that it ended with. */
  async take(): Promise<AudioBlock | undefined> {
    while (this.#blocks.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const block = this.#blocks.shift();
    if (block === undefined && this.#end?.error !== undefined) throw this.#end.error;
    return block;
  }
}
