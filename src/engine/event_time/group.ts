import type { SourceTime } from "./source_time.ts";

/** Sources that lead to the same nodes, and the event time that has passed at all of them. */
export class Group {
  readonly sources: readonly SourceTime[];
  /** Never falls. As of the last look, which is before the packet that a source sends next. */
  watermarkMs = Number.NEGATIVE_INFINITY;

  constructor(sources: readonly SourceTime[]) {
    this.sources = sources;
  }

  look(nowMs: number) {
    this.watermarkMs = Math.max(this.watermarkMs, this.#now(nowMs));
  }

  #now(nowMs: number): number {
    let lowestMs = Number.POSITIVE_INFINITY;
    let highestMs = Number.NEGATIVE_INFINITY;
    let ended = true;
    for (const source of this.sources) {
      highestMs = Math.max(highestMs, source.highestMs);
      if (source.ended) continue;
      ended = false;
      if (!source.isIdle(nowMs)) lowestMs = Math.min(lowestMs, source.watermarkMs);
    }
    if (ended) return Number.POSITIVE_INFINITY;
    // All are silent: what was to come late would be here.
    return lowestMs === Number.POSITIVE_INFINITY ? highestMs : lowestMs;
  }
}
