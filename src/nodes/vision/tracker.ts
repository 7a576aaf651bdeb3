import { defineNode, type NodeContext, port } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { PerSource } from "../per_source.ts";
import { ByteTrack } from "./byte_track.ts";
import { DetectionReader, type Seen, withDetections } from "./detections.ts";
import { IouTrack } from "./iou_track.ts";
import { StreamTime } from "./stream_time.ts";
import type { Ids, SavedTrack, Track, TrackChange } from "./track.ts";
import { type TrackerConfig, trackerConfig, trackerIssues } from "./tracker_config.ts";

const person = (x1: number, track?: number) => ({
  bbox: { x1, y1: 10, x2: x1 + 40, y2: 110 },
  confidence: 0.9,
  class_id: 0,
  class_name: "person",
  ...(track === undefined ? {} : { track_id: track }),
});

const frame = (at: number, detections: object[]) => ({
  kind: "detection",
  source_id: "cam01",
  ts: `2026-01-01T00:00:00.${at}00Z`,
  payload: { frame_idx: at, width: 640, height: 360, detections },
});

export const tracker = defineNode({
  name: "tracker",
  kind: "transform",
  stateVersion: 1,
  doc: `Follows objects from frame to frame and writes \`track_id\` into their detections.

ByteTrack: a Kalman filter says where each object should be, sure detections are assigned to objects so that the
overlap as a whole is largest, then the unsure ones to objects that are left. Ids are whole numbers from 0 for each
source and are not given twice in a run; the next run begins at 0. An object keeps its id while it is out of sight for up to \`lost_sec\` of event time,
or up to \`occluded_sec\` while another one hides it. A sighting without an id (too few yet, or too unsure) is left out
of the list unless \`untracked: keep\`.

What becomes of tracks leaves by \`tracks\`, one packet each: \`started\`, \`lost\`, \`occluded\`, \`found\`, \`removed\`.
A packet whose time is more than \`lost_sec\` before the newest one of its source starts the stream again: all its
tracks end. An object must overlap its last place; at few frames a second small fast ones get a new id each time.`,
  config: trackerConfig,
  inputs: { in: port(["frame", "detection"], "Packets with `payload.detections`.") },
  outputs: {
    out: port(["frame", "detection"], "The same packets; detections have `track_id`."),
    tracks: port("track", "Changes of tracks.", "json_portable"),
  },
  examples: [
    {
      title: "Two people who change places in the list",
      config: { min_hits: 1 },
      input: [frame(0, [person(10), person(300)]), frame(1, [person(296), person(14)])],
      output: {
        out: [
          { payload: frame(0, [person(10, 0), person(300, 1)]).payload },
          { payload: frame(1, [person(296, 1), person(14, 0)]).payload },
        ],
        tracks: [
          {
            kind: "track",
            payload: {
              track_id: 0,
              state: "started",
              class_name: "person",
              confidence: 0.9,
              bbox: person(10).bbox,
              started_ts: "2026-01-01T00:00:00.000Z",
              last_seen_ts: "2026-01-01T00:00:00.000Z",
              hits: 1,
            },
          },
          {
            kind: "track",
            payload: {
              track_id: 1,
              state: "started",
              class_name: "person",
              confidence: 0.9,
              bbox: person(300).bbox,
              started_ts: "2026-01-01T00:00:00.000Z",
              last_seen_ts: "2026-01-01T00:00:00.000Z",
              hits: 1,
            },
          },
        ],
      },
    },
  ],
  check: trackerIssues,
  create(config, context) {
    const reader = new DetectionReader("track objects");
    const scenes = new Scenes(config);
    const counts = { tracked: 0, untracked: 0, started: 0, removed: 0 };
    return {
      process(packet, emit) {
        const detections = reader.read(packet);
        const { trackOf, changes } = scenes.step(packet.source_id, detections, eventTimeMs(packet));
        const written = detections.flatMap((seen) => {
          const track = trackOf(seen);
          counts[track === undefined ? "untracked" : "tracked"] += 1;
          if (track !== undefined) return [{ ...seen.raw, track_id: track.id }];
          return config.untracked === "keep" ? [seen.raw] : [];
        });
        emit.out(withDetections(packet, written));
        for (const change of changes) {
          if (change.what === "started" || change.what === "removed") counts[change.what] += 1;
          emit.tracks(changePacket(change, packet, context));
        }
      },
      metrics: () => ({
        ...Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${name}_total`, count])),
        ...scenes.metrics(),
        ...reader.metrics(),
      }),
      snapshot: () => scenes.save(),
      restore: (state) => scenes.load(state as SavedScenes),
    };
  },
});

function changePacket({ track, what }: TrackChange, { ts, source_id }: StreamPacket, { packet }: NodeContext) {
  const { id, className, confidence, seenAt, hits } = track;
  // With the sightings: frames of one time, as of a clock of whole seconds, can lose and find an object again and again.
  const idempotency_key = `track:${source_id}:${id}:${what}:${hits}:${ts}`;
  const payload = {
    track_id: id,
    state: what,
    class_name: className,
    confidence,
    bbox: seenAt,
    started_ts: new Date(track.startedMs).toISOString(),
    last_seen_ts: new Date(track.lastSeenMs).toISOString(),
    hits,
  };
  return packet({ kind: "track", ts, source_id, meta: { idempotency_key }, payload });
}

interface Scene {
  readonly time: StreamTime;
  readonly ids: Ids;
  readonly method: ByteTrack | IouTrack;
}

interface SavedScenes {
  floor: number;
  scenes: { source: string; next: number; newestMs: number | null; tracks: SavedTrack[] }[];
}

/** The tracks of each source. */
class Scenes {
  readonly #config: TrackerConfig;
  readonly #scenes: PerSource<Scene>;
  /** Above every id of a source that was forgotten: should it come again, no id is given twice. */
  #floor = 0;
  #restarts = 0;
  #refused = 0;

  constructor(config: TrackerConfig) {
    this.#config = config;
    const forget = ({ ids, method }: Scene) => {
      this.#floor = Math.max(this.#floor, ids.next);
      this.#refused += method.refused;
    };
    this.#scenes = new PerSource(config.max_sources, () => this.#open(this.#floor), forget);
  }

  step(
    source: string,
    detections: readonly Seen[],
    atMs: number,
  ): { trackOf(seen: Seen): Track | undefined; changes: readonly TrackChange[] } {
    const { time, method } = this.#scenes.of(source);
    const beforeMs = time.newestMs;
    const how = time.take(atMs);
    const nowMs = time.newestMs!;
    const ended = how === "restart" ? method.clear() : [];
    if (how === "restart") this.#restarts += 1;
    const { trackOf, changes } = method.step(detections, nowMs, how === "restart" ? 0 : nowMs - (beforeMs ?? nowMs));
    return { trackOf, changes: [...ended, ...changes] };
  }

  metrics() {
    const scenes = this.#scenes.entries().map(([, scene]) => scene);
    return {
      tracks: scenes.reduce((sum, { method }) => sum + method.tracks.length, 0),
      refused_total: scenes.reduce((sum, { method }) => sum + method.refused, this.#refused),
      restarts_total: this.#restarts,
      ...this.#scenes.metrics(),
    };
  }

  save(): SavedScenes {
    const scenes = this.#scenes.entries().map(([source, { time, ids, method }]) => ({
      source,
      next: ids.next,
      newestMs: time.newestMs ?? null,
      tracks: method.save(),
    }));
    return { floor: this.#floor, scenes };
  }

  load({ floor, scenes }: SavedScenes) {
    this.#floor = floor;
    this.#scenes.set(
      scenes.map(({ source, next, newestMs, tracks }) => {
        const scene = this.#open(next);
        scene.time.load(newestMs);
        scene.method.load(tracks);
        return [source, scene] as const;
      }),
    );
  }

  #open(next: number): Scene {
    const ids = { next };
    const method = this.#config.method === "iou" ? new IouTrack(this.#config, ids) : new ByteTrack(this.#config, ids);
    return { time: new StreamTime(this.#config.lost_sec * 1_000), ids, method };
  }
}
