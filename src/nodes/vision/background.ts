import type { LumaGrid } from "./luma_grid.ts";

/** Cells that change slowly take this many times as long to become background, so that a walker does not. */
const SLOWER = 10;

/** Part of the picture from which on it is another picture: the camera was turned, or went over to infrared. */
const WHOLE = 0.5;

/** What a scene looks like when nothing moves: the brightness of each cell, which follows slow changes. */
export class Background {
  readonly #values: Float32Array;
  readonly #mask: Uint8Array;
  readonly #watched: number;
  #mean: number;

  /** `mask` has a 1 for each cell that counts. */
  constructor({ values }: LumaGrid, mean: number, mask: Uint8Array) {
    this.#values = values.slice();
    this.#mask = mask;
    this.#mean = mean;
    this.#watched = mask.reduce((sum, one) => sum + one, 0);
  }

  /**
   * The part of the watched cells, 0 to 1, that differ from the background by more than `threshold`; the background
   * learns, `learned` (0 to 1) of the way. A change of light over the whole picture is no difference.
   */
  changed({ values }: LumaGrid, mean: number, threshold: number, learned: number): number {
    const background = this.#values;
    const mask = this.#mask;
    const shift = mean - this.#mean;
    const slowly = learned / SLOWER;
    let changed = 0;
    for (let at = 0; at < background.length; at++) {
      const known = background[at]!;
      const difference = values[at]! - known;
      const differs = Math.abs(difference - shift) > threshold;
      if (differs) changed += mask[at]!;
      background[at] = known + difference * (differs ? slowly : learned);
    }
    this.#mean += shift * learned;
    const part = this.#watched === 0 ? 0 : changed / this.#watched;
    if (part > WHOLE) {
      background.set(values);
      this.#mean = mean;
    }
    return part;
  }
}
