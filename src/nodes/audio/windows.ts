import type { Audio } from "../../packet/index.ts";

/** Some samples of a sound, of all its channels, and the number of the first. */
export interface Window {
  readonly samples: Float32Array;
  readonly sampleIdx: number;
}

/** Blocks of any length as windows of one length, each beginning `hop` samples behind the one before it. */
export class Windows {
  readonly #length: number;
  readonly #hop: number;
  #samples = new Float32Array(0);
  #sampleIdx = 0;

  /** In samples of each channel; `hop` is at most `length`. */
  constructor(length: number, hop = length) {
    this.#length = length;
    this.#hop = hop;
  }

  /** The windows that are full with this block. */
  push({ samples, channels, sample_idx }: Audio): Window[] {
    if (this.#samples.length === 0) this.#sampleIdx = sample_idx;
    const all = new Float32Array(this.#samples.length + samples.length);
    all.set(this.#samples);
    all.set(samples, this.#samples.length);
    const full: Window[] = [];
    let at = 0;
    for (; at + this.#length * channels <= all.length; at += this.#hop * channels) {
      const sampleIdx = this.#sampleIdx + at / channels;
      full.push({ samples: all.subarray(at, at + this.#length * channels), sampleIdx });
    }
    this.#sampleIdx += at / channels;
    this.#samples = all.slice(at);
    return full;
  }

  /** Forgets what is not full: the next block does not follow. */
  clear(): void {
    this.#samples = new Float32Array(0);
  }
}
