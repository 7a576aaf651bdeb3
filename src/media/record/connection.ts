/**
 * Segments over which the offset is looked for. The camera's clock may drift by 50 ppm, which is 6 ms in two minutes;
 * a packet that came without delay is among so many.
 */
const LOOKED_AT = 120;

/** One connection of a recording: what kind of stream it is, and how its own time stands to the wall clock. */
export class Connection {
  /** What the stream is; equal for streams that one file can hold. */
  readonly stream: string;
  readonly #offsetsMs: number[] = [];

  constructor(stream: string) {
    this.stream = stream;
  }

  /**
   * A segment ended at `sec` of the stream, and we heard of it at `nowMs`. Delays make that later and never earlier, so
   * the least difference is the truest.
   */
  ended(sec: number, nowMs: number) {
    this.#offsetsMs.push(nowMs - sec * 1_000);
    if (this.#offsetsMs.length > LOOKED_AT) this.#offsetsMs.shift();
  }

  wallMs(sec: number): number {
    return sec * 1_000 + Math.min(...this.#offsetsMs);
  }
}
