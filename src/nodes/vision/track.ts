import { BoxMotion } from "./box_motion.ts";
import type { Box, Seen } from "./detections.ts";

/**
 * `tentative`: too few sightings, has no id yet. `tracked`: seen in the newest frame. `lost`: not seen there, may come
 * back. `occluded`: lost, and another object stands where it should be. `removed`: will not come back.
 */
export type TrackState = "tentative" | "tracked" | "lost" | "occluded" | "removed";

/** Something that became of a track. */
export interface TrackChange {
  readonly track: Readonly<Track>;
  /** `started` and `found` (again) lead to `tracked`. */
  readonly what: "started" | "found" | "lost" | "occluded" | "removed";
}

/** Hands out the ids of one source. */
export interface Ids {
  next: number;
}

/** Steps of {@link BoxMotion} in a second. */
const STEPS_PER_SEC = 30;

/** One object over time. */
export class Track {
  /** Given when the track is confirmed; whole numbers from 0, never given twice. */
  id: number | undefined;
  state: TrackState = "tentative";
  /** Frames in which it was seen. */
  hits = 1;
  className: string;
  confidence: number;
  /** Where it was seen last. */
  seenAt: Box;
  readonly startedMs: number;
  lastSeenMs: number;
  /** When something was last seen to hide it. */
  hiddenMs: number;
  #motion: BoxMotion;
  #predicted: Box;

  constructor(seen: Seen, atMs: number) {
    this.className = seen.className;
    this.confidence = seen.confidence;
    this.seenAt = seen.box;
    this.startedMs = atMs;
    this.lastSeenMs = atMs;
    this.hiddenMs = atMs;
    this.#motion = new BoxMotion(seen.box);
    this.#predicted = seen.box;
  }

  /** Where it is taken to be now. */
  get box(): Box {
    return this.#predicted;
  }

  /** Moves it on to where it should be after `elapsedMs`. */
  predict(elapsedMs: number) {
    this.#motion.predict((elapsedMs / 1_000) * STEPS_PER_SEC, this.state !== "tracked");
    this.#predicted = this.#motion.box();
  }

  see(seen: Seen, atMs: number) {
    this.#motion.update(seen.box);
    this.#predicted = this.#motion.box();
    this.className = seen.className;
    this.confidence = seen.confidence;
    this.seenAt = seen.box;
    this.hits += 1;
    this.lastSeenMs = atMs;
  }

  save() {
    const { id = null, state, hits, className, confidence, seenAt, startedMs, lastSeenMs, hiddenMs } = this;
    const numbers = [hits, confidence, startedMs, lastSeenMs, hiddenMs];
    return { id, state, class: className, box: seenAt, numbers, motion: this.#motion.save() };
  }

  static load({ id, state, class: className, box, numbers, motion }: SavedTrack): Track {
    const [hits = 1, confidence = 0, startedMs = 0, lastSeenMs = 0, hiddenMs = 0] = numbers;
    const track = new Track({ box, confidence, className, track: undefined, raw: {} }, startedMs);
    Object.assign(track, { id: id ?? undefined, state, hits, lastSeenMs, hiddenMs });
    track.#motion = BoxMotion.load(motion);
    track.#predicted = track.#motion.box();
    return track;
  }
}

export type SavedTrack = ReturnType<Track["save"]>;
