import type { TimedJpeg } from "../../media/index.ts";

/** The last pictures of a stream, as JPEGs in memory, in order of their time. */
export class JpegRing {
  readonly pictures: TimedJpeg[] = [];
  bytes = 0;
  readonly #needs = new Set<{ fromMs: number }>();

  get upToMs(): number {
    return this.pictures.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
  }

  /** A time that went back begins anew: what is there is of another time line. */
  add(picture: TimedJpeg, keepMs: number) {
    if (picture.atMs <= this.upToMs) this.clear();
    this.pictures.push(picture);
    this.bytes += picture.data.length;
    const needed = Math.min(picture.atMs - keepMs, ...[...this.#needs].map(({ fromMs }) => fromMs));
    while (this.pictures[0]!.atMs < needed) this.removeOldest();
  }

  /** True when somebody needed it. */
  removeOldest(): boolean {
    const { atMs, data } = this.pictures.shift()!;
    this.bytes -= data.length;
    return [...this.#needs].some(({ fromMs }) => fromMs <= atMs);
  }

  need(fromMs: number): () => void {
    const need = { fromMs };
    this.#needs.add(need);
    return () => void this.#needs.delete(need);
  }

  clear() {
    this.pictures.length = 0;
    this.bytes = 0;
  }
}
