import type { SincFilter } from "./sinc_filter.ts";

/**
 * One channel at another rate. Blocks may be of any length: what comes out depends on the samples alone, and of n
 * samples that came in exactly ⌈n · up / down⌉ have left. Before the first sample there is silence.
 */
export class Resampler {
  readonly #filter: SincFilter;
  /** The last samples that came, one less than an output is made of. */
  #past: Float32Array;
  /** Place of the next output behind the samples that came so far, in parts (1 / up) of a sample. */
  #next = 0;

  constructor(filter: SincFilter) {
    this.#filter = filter;
    this.#past = new Float32Array(filter.taps - 1);
  }

  push(block: Float32Array): Float32Array {
    const { up, down, weights, taps } = this.#filter;
    const all = new Float32Array(this.#past.length + block.length);
    all.set(this.#past);
    all.set(block, this.#past.length);
    const end = block.length * up;
    const output = new Float32Array(this.#next < end ? Math.ceil((end - this.#next) / down) : 0);
    for (let at = 0; at < output.length; at++) {
      const phase = this.#next % up;
      const first = (this.#next - phase) / up;
      const row = phase * taps;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += all[first + tap]! * weights[row + tap]!;
      output[at] = sum;
      this.#next += down;
    }
    this.#next -= end;
    this.#past = all.slice(all.length - (taps - 1));
    return output;
  }
}
