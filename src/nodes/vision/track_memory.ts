import { PerSource } from "../per_source.ts";
import { StreamTime } from "./stream_time.ts";

/** Why 10,000: a day of people at a busy door, at about 300 bytes each. */
export const MAX_TRACKS = 10_000;

export type TrackId = number | string;

interface Known<State> {
  seenMs: number;
  state: State;
}

/** What a node knows of one source: of each track that was seen lately, and of the source itself. */
export class TrackStream<State, Own> {
  readonly own: Own;
  readonly time: StreamTime;
  readonly #make: () => State;
  /** In the order of the last sighting. */
  readonly tracks = new Map<TrackId, Known<State>>();
  readonly #max: number;
  #forgotten = 0;

  constructor(patienceMs: number, max: number, make: () => State, own: Own) {
    this.time = new StreamTime(patienceMs);
    this.#max = max;
    this.#make = make;
    this.own = own;
  }

  get forgotten() {
    return this.#forgotten;
  }

  /** What is known of a track that is seen now. */
  see(track: TrackId): State {
    const state = this.tracks.get(track)?.state ?? this.#make();
    this.tracks.delete(track);
    if (this.tracks.size >= this.#max) {
      this.tracks.delete(this.tracks.keys().next().value!);
      this.#forgotten += 1;
    }
    this.tracks.set(track, { seenMs: this.time.newestMs!, state });
    return state;
  }

  /** Takes out the tracks that were last seen before `beforeMs`. */
  takeOut(beforeMs: number): [track: TrackId, state: State, seenMs: number][] {
    const gone: [TrackId, State, number][] = [];
    for (const [track, { state, seenMs }] of this.tracks) {
      if (seenMs >= beforeMs) break;
      gone.push([track, state, seenMs]);
    }
    for (const [track] of gone) this.tracks.delete(track);
    return gone;
  }
}

export interface MemoryBounds {
  /** Event time a track may be out of sight before it is gone. */
  patienceMs: number;
  maxTracks: number;
  maxSources: number;
}

type Saved<State, Own> = [source: string, newestMs: number | null, own: Own, tracks: [TrackId, number, State][]];

/** {@link TrackStream}s by source. `State` and `Own` must survive JSON. */
export class TrackMemory<State, Own> {
  readonly #streams: PerSource<TrackStream<State, Own>>;
  readonly #open: (own: Own) => TrackStream<State, Own>;
  readonly #patienceMs: number;
  #late = 0;

  constructor({ patienceMs, maxTracks, maxSources }: MemoryBounds, make: () => State, makeOwn: () => Own) {
    this.#patienceMs = patienceMs;
    this.#open = (own) => new TrackStream(patienceMs, maxTracks, make, own);
    this.#streams = new PerSource(maxSources, () => this.#open(makeOwn()));
  }

  /**
   * The stream of a source, moved on to a packet's time, and the tracks that are gone by then. Undefined for a packet
   * that is older than another one: positions have an order, so it is counted and passed over.
   */
  at(source: string, atMs: number) {
    const stream = this.#streams.of(source);
    const how = stream.time.take(atMs);
    if (how === "late") {
      this.#late += 1;
      return undefined;
    }
    return { stream, gone: stream.takeOut(how === "restart" ? Number.POSITIVE_INFINITY : atMs - this.#patienceMs) };
  }

  metrics() {
    const streams = this.#streams.entries().map(([, stream]) => stream);
    return {
      tracks: streams.reduce((sum, { tracks }) => sum + tracks.size, 0),
      tracks_forgotten_total: streams.reduce((sum, { forgotten }) => sum + forgotten, 0),
      late_total: this.#late,
      ...this.#streams.metrics(),
    };
  }

  save(): Saved<State, Own>[] {
    return this.#streams.entries().map(([source, { time, own, tracks }]) => {
      const known = [...tracks].map(([track, { seenMs, state }]): [TrackId, number, State] => [track, seenMs, state]);
      return [source, time.newestMs ?? null, own, known];
    });
  }

  load(saved: unknown) {
    this.#streams.set(
      (saved as Saved<State, Own>[]).map(([source, newestMs, own, tracks]) => {
        const stream = this.#open(own);
        stream.time.load(newestMs);
        for (const [track, seenMs, state] of tracks) stream.tracks.set(track, { seenMs, state });
        return [source, stream] as const;
      }),
    );
  }
}
