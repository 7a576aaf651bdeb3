import type { Seen } from "./detections.ts";
import { overlap } from "./overlap.ts";
import { type Ids, type SavedTrack, Track, type TrackChange } from "./track.ts";
import type { TrackerConfig } from "./tracker_config.ts";

/**
 * The predecessor's tracker: each track in turn takes the free detection that overlaps its last box most; every other
 * detection starts one. Age is counted in frames, classes do not matter, and the order of detections gives the ids.
 */
export class IouTrack {
  readonly #config: TrackerConfig;
  readonly #ids: Ids;
  /** With the frames since each was seen. */
  #ages = new Map<Track, number>();
  #refused = 0;

  constructor(config: TrackerConfig, ids: Ids) {
    this.#config = config;
    this.#ids = ids;
  }

  get tracks(): readonly Track[] {
    return [...this.#ages.keys()];
  }

  get refused() {
    return this.#refused;
  }

  step(detections: readonly Seen[], atMs: number) {
    const seenAs = new Map<Seen, Track>();
    for (const [track, age] of this.#ages) {
      const seen = this.#best(track, detections, seenAs);
      this.#ages.set(track, seen === undefined ? age + 1 : 0);
      if (seen === undefined) continue;
      track.see(seen, atMs);
      seenAs.set(seen, track);
    }
    const started = this.#begin(detections, seenAs, atMs);
    const removed = this.#remove((age) => age > this.#config.max_age_frames);
    return { trackOf: (seen: Seen) => seenAs.get(seen), changes: [...started, ...removed] };
  }

  clear = (): readonly TrackChange[] => this.#remove(() => true);

  save = (): (SavedTrack & { age: number })[] => [...this.#ages].map(([track, age]) => ({ ...track.save(), age }));

  load(saved: readonly (SavedTrack & { age?: number })[]) {
    this.#ages = new Map(saved.map((one) => [Track.load(one), one.age ?? 0]));
  }

  #best(track: Track, detections: readonly Seen[], taken: ReadonlyMap<Seen, Track>): Seen | undefined {
    let best: Seen | undefined;
    let most = this.#config.iou;
    for (const seen of detections) {
      if (taken.has(seen)) continue;
      const shared = overlap(track.seenAt, seen.box);
      // Equal to the bound is enough; of equals the first one stays.
      if (best === undefined ? shared < most : shared <= most) continue;
      [best, most] = [seen, shared];
    }
    return best;
  }

  #begin(detections: readonly Seen[], seenAs: Map<Seen, Track>, atMs: number): TrackChange[] {
    const strange = detections.filter((seen) => !seenAs.has(seen));
    const room = Math.max(0, this.#config.max_objects - this.#ages.size);
    this.#refused += Math.max(0, strange.length - room);
    return strange.slice(0, room).map((seen) => {
      const track = new Track(seen, atMs);
      track.id = this.#ids.next++;
      track.state = "tracked";
      this.#ages.set(track, 0);
      seenAs.set(seen, track);
      return { track, what: "started" };
    });
  }

  #remove(over: (age: number) => boolean): TrackChange[] {
    const gone = [...this.#ages].filter(([, age]) => over(age)).map(([track]) => track);
    for (const track of gone) {
      this.#ages.delete(track);
      track.state = "removed";
    }
    return gone.map((track) => ({ track, what: "removed" }));
  }
}
