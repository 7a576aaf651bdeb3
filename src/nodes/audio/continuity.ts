import { type Audio, audioLength } from "../../packet/index.ts";

/** Whether the blocks of one source follow one another: filters and models remember what came before. */
export class Continuity {
  #last: Pick<Audio, "sample_rate" | "channels"> | undefined;
  #next = 0;

  /** Number of the sample behind the last block. */
  get next(): number {
    return this.#next;
  }

  /**
   * Takes a block. `gap`: samples are missing before it, or it is an earlier one, as when a file is played anew.
   * `changed`: it has another rate, or other channels.
   */
  take(audio: Audio): "first" | "on" | "gap" | "changed" {
    const { sample_rate, channels, sample_idx } = audio;
    const [last, expected] = [this.#last, this.#next];
    this.#last = { sample_rate, channels };
    this.#next = sample_idx + audioLength(audio);
    if (last === undefined) return "first";
    if (last.sample_rate !== sample_rate || last.channels !== channels) return "changed";
    return sample_idx === expected ? "on" : "gap";
  }
}
