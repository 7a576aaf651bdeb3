import type { DecodedFrame } from "./decode_spec.ts";

/** Frames that are decoded and not taken yet, and the end of them. Bounded by whoever puts them in. */
export class ReadyFrames {
  readonly #frames: DecodedFrame[] = [];
  #end: { error?: Error } | undefined;
  #wake: (() => void) | undefined;

  get length(): number {
    return this.#frames.length;
  }

  put(frame: DecodedFrame): void {
    this.#frames.push(frame);
    this.#wake?.();
  }

  /** The oldest, as soon as there is one; undefined at the end. Throws the error that it ended with. */
  async next(): Promise<DecodedFrame | undefined> {
    while (await this.some()) {
      // One that was here when we were told of it may have been taken back since.
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
    }
    return undefined;
  }

  /** Takes the oldest away from who would have got it next. */
  oldest(): DecodedFrame | undefined {
    return this.#frames.shift();
  }

  /** Takes the newest back. */
  newest(): DecodedFrame | undefined {
    return this.#frames.pop();
  }

  /** No frame comes after this; those that are here can still be taken. */
  end(error?: Error): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  /** Resolves when there is a frame or the end; true when there is a frame. Throws the error that it ended with. */
  async some(): Promise<boolean> {
    while (this.#frames.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#frames.length > 0) return true;
    if (this.#end?.error !== undefined) throw this.#end.error;
    return false;
  }

  /** Gives back all that were not taken. */
  clear(): void {
    for (const { slot } of this.#frames.splice(0)) slot.release();
  }
}
