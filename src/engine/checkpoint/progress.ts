import type { Producer } from "../producer.ts";
import type { Region } from "./region.ts";

/** What a region has done since its last checkpoint. */
export class Progress {
  readonly #region: Region;
  /** What it had done by then; one that would change nothing is not taken. */
  #saved: number;

  constructor(region: Region) {
    this.#region = region;
    this.#saved = this.done;
  }

  /** A number that only rises, and does so with everything it does. */
  get done(): number {
    const { nodes, sources } = this.#region;
    const of = ({ counters }: Producer) => counters.consumed + counters.produced;
    return [...nodes, ...sources].reduce((sum, one) => sum + of(one), 0);
  }

  /** The checkpoint of that moment is on the disk. */
  savedAt(done: number) {
    this.#saved = done;
  }

  get isSaved(): boolean {
    return this.done === this.#saved && !this.#region.outlets.some(({ acks }) => acks.waiting > 0);
  }

  /** Somebody waits for a checkpoint. */
  get isUrgent(): boolean {
    return this.#region.outlets.some(({ acks }) => acks.urgent);
  }
}
