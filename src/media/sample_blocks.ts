/** Cuts the bytes of 32-bit floats, little-endian, into blocks of one length. */
export class SampleBlocks {
  /** Samples that were NaN or infinite, which are silence now: one would spoil whatever is computed with it. */
  notFinite = 0;
  readonly #length: number;
  readonly #frame: number;
  #block: Float32Array;
  #bytes: Uint8Array;
  #filled = 0;

  /** `length` samples of each of `channels`. */
  constructor(length: number, channels: number) {
    this.#length = length * channels;
    this.#frame = channels * Float32Array.BYTES_PER_ELEMENT;
    [this.#block, this.#bytes] = this.#empty();
  }

  /** The blocks that are full with these bytes. */
  push(chunk: Uint8Array): Float32Array[] {
    const full: Float32Array[] = [];
    for (let at = 0; at < chunk.length; ) {
      const part = Math.min(chunk.length - at, this.#bytes.length - this.#filled);
      this.#bytes.set(chunk.subarray(at, at + part), this.#filled);
      this.#filled += part;
      at += part;
      if (this.#filled === this.#bytes.length) full.push(this.#take(this.#block.length));
    }
    return full;
  }

  /** What is left at the end, without a part of a sample. */
  rest(): Float32Array | undefined {
    const frames = Math.floor(this.#filled / this.#frame);
    return frames === 0 ? undefined : this.#take((frames * this.#frame) / Float32Array.BYTES_PER_ELEMENT);
  }

  #take(length: number): Float32Array {
    const block = this.#block.subarray(0, length);
    this.#clean(block);
    [this.#block, this.#bytes] = this.#empty();
    this.#filled = 0;
    return block;
  }

  #clean(block: Float32Array) {
    // Times 0, whatever is a number gives 0 and whatever is none gives NaN, without a look at each.
    let zero = 0;
    for (let at = 0; at < block.length; at++) zero += block[at]! * 0;
    if (zero === 0) return;
    for (let at = 0; at < block.length; at++) {
      if (Number.isFinite(block[at])) continue;
      block[at] = 0;
      this.notFinite += 1;
    }
  }

  #empty(): [Float32Array, Uint8Array] {
    const block = new Float32Array(this.#length);
    return [block, new Uint8Array(block.buffer)];
  }
}
