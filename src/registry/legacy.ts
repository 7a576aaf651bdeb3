import { didYouMean } from "../base/suggest.ts";
import {
  atLeast,
  boolean,
  integer,
  mapOf,
  milliseconds,
  nonEmptyText,
  number,
  type Port,
  text,
  unneeded,
  upperCase,
} from "./legacy_config.ts";
import { BENCH_METRICS_SINK, RISK_SOURCE, SLOW_SCORING } from "./legacy_experiments.ts";
import { fewTries, listedPackets, waits } from "./legacy_finish.ts";
import { FIRST_GENERATION } from "./legacy_first.ts";
import { PERSON_FOLLOW } from "./legacy_robotics.ts";
import { DISPLAY, MOCK_DETECTOR, YOLO, ZONE_POLICY } from "./legacy_vision.ts";

/** An address whose node is in no binary of this version, with what to use. */
export interface Planned {
  planned: string;
  /** What does the job today, where something does. */
  meanwhile?: string;
}

export type LegacyEntry = Port | Planned;

const D = "schnitzel_stream.nodes";
const V = "schnitzel_stream.packs.vision.nodes";
const R = "schnitzel_stream.packs.robotics.nodes";
const X = "schnitzel_stream.packs.experiments.nodes";

/** A class of a pack is reachable from the package and from its own file. */
const packed = (pack: string, file: string, name: string) => [`${pack}:${name}`, `${pack}.${file}:${name}`];
/** … and vision classes that moved there kept their first address. */
const moved = (file: string, name: string) => [...packed(V, file, name), `${D}.${file}:${name}`];

/** Its queue files stay files it can read. */
const OLD_QUEUE = { layout: "predecessor" };

const CAMERA_KEYS = {
  source_id: nonEmptyText,
  max_frames: integer,
  reconnect: boolean,
  reconnect_backoff_sec: number,
  reconnect_backoff_max_sec: number,
  reconnect_max_attempts: integer,
};

/** Its waits doubled exactly, its keys had the epoch alone, and the same pixels again were no reason for anything. */
const AS_OPENCV = { reconnect_jitter: false, key_epoch: "count", frozen_sec: 0 };

/** Every class a graph of the predecessor can name, with all its spellings. */
const ENTRIES: readonly (readonly [addresses: readonly string[], entry: LegacyEntry])[] = [
  [[`${D}.dev:StaticSource`], { node: "static_source", fixed: { declare_kinds: false }, finish: listedPackets }],
  [[`${D}.dev:Identity`], { node: "identity" }],
  [
    [`${D}.dev:BurstNode`],
    {
      node: "burst",
      keys: { count: atLeast(0, integer), meta_key: text },
      fixed: { derive_keys: false, at_once: true },
    },
  ],
  [
    [`${D}.dev:PrintSink`],
    { node: "print_sink", keys: { prefix: text, forward: boolean }, fixed: { format: "python" } },
  ],
  [[`${D}.dev:FooSource`], { node: "static_source", finish: () => ({ packets: [EMPTY_FOO] }) }],
  [[`${D}.dev:BarSink`], { node: "bar_sink" }],
  [
    [`${D}.durable_sqlite:SqliteQueueSink`],
    { node: "sqlite_queue_sink", keys: { path: text, forward: boolean, meta_key: text }, fixed: OLD_QUEUE },
  ],
  [
    [`${D}.durable_sqlite:SqliteQueueSource`],
    {
      node: "sqlite_queue_source",
      keys: { path: text, limit: atLeast(1, integer), delete_on_emit: boolean, meta_key: text },
      fixed: { ...OLD_QUEUE, acks: "node" },
    },
  ],
  [
    [`${D}.durable_sqlite:SqliteQueueAckSink`],
    { node: "sqlite_queue_ack", keys: { path: text, forward: boolean, meta_key: text }, fixed: OLD_QUEUE },
  ],
  [
    [`${D}.blob_ref:BytesToFileRefNode`],
    {
      node: "bytes_to_ref",
      keys: { dir: text, filename: text, compute_sha256: boolean, content_type: nonEmptyText },
      fixed: { store: "file", name_owner: false },
    },
  ],
  // It read any path; size and hash are checked here, which only a reference that is wrong can tell.
  [[`${D}.blob_ref:FileRefToBytesNode`], { node: "ref_to_bytes", keys: { output_kind: text }, fixed: { root: "/" } }],
  [
    [`${D}.file_sink:JsonlSink`],
    {
      node: "jsonl_sink",
      keys: {
        path: text,
        body: text,
        forward: boolean,
        ensure_ascii: boolean,
        // Without flush it wrote in blocks; 200 ms is our default.
        flush: ["flush_ms", (value) => (boolean(value) === false ? 200 : 0)],
      },
      fixed: { spacing: "python", fsync: "never" },
      finish: (config) => ({ flush_ms: 0, ...config }),
    },
  ],
  [
    [`${D}.file_sink:JsonFileSink`],
    {
      node: "json_file_sink",
      keys: {
        dir: text,
        filename_template: text,
        body: text,
        forward: boolean,
        ensure_ascii: boolean,
        indent: integer,
        meta_key: text,
      },
      fixed: { spacing: "python", existing: "overwrite", names: "last_segment", atomic: false },
      finish: (config) => ({ dir: "outputs/packets", ...config }),
    },
  ],
  [
    [`${D}.http:HttpJsonSink`],
    {
      node: "http_sink",
      keys: {
        url: text,
        method: upperCase,
        timeout_sec: ["timeout_ms", milliseconds],
        body: text,
        headers: mapOf({}, text),
        idempotency_header: text,
        forward: boolean,
      },
      fixed: { spacing: "python" },
      finish: fewTries,
    },
  ],
  [
    moved("video", "OpenCvVideoFileSource"),
    {
      node: "video_file",
      keys: { path: text, source_id: nonEmptyText, max_frames: integer, loop: boolean, start_ts: nonEmptyText },
      finish: (config) => ({ ...config, time: config.start_ts === undefined ? "clock" : "position" }),
    },
  ],
  [
    packed(V, "video", "OpenCvRtspSource"),
    {
      node: "rtsp_source",
      keys: { url: text, ...CAMERA_KEYS },
      fixed: { ...AS_OPENCV, away_retry_sec: 0 },
      finish: waits({ backoffSec: 1, backoffMaxSec: 30 }),
    },
  ],
  [
    packed(V, "video", "OpenCvWebcamSource"),
    {
      node: "webcam_source",
      keys: { camera_index: integer, ...CAMERA_KEYS },
      fixed: AS_OPENCV,
      finish: waits({ backoffSec: 0.5, backoffMaxSec: 5 }),
    },
  ],
  [
    moved("video", "EveryNthFrameSamplerNode"),
    { node: "every_nth_frame", keys: { every_n: atLeast(1, integer), offset: integer } },
  ],
  [moved("mock_detection", "MockDetectorNode"), MOCK_DETECTOR],
  [packed(V, "yolo", "YoloV8DetectorNode"), YOLO],
  [packed(V, "yolo", "OpenCvBboxDisplaySink"), DISPLAY],
  [
    moved("event_builder", "ProtocolV02EventBuilderNode"),
    {
      node: "event_v02",
      keys: { site_id: nonEmptyText, camera_id: nonEmptyText },
      fixed: { python_numbers: true, at_once: true },
    },
  ],
  [moved("policy", "ZonePolicyNode"), ZONE_POLICY],
  [
    moved("policy", "DedupPolicyNode"),
    {
      node: "dedup_policy",
      // Ours forgets old keys by their number, so there is nothing to prune.
      keys: { cooldown_sec: number, prune_interval: unneeded },
      fixed: { time: "wall", severity_change: "any" },
    },
  ],
  [packed(R, "person_follow", "PersonFollowCmdVelNode"), PERSON_FOLLOW],
  [packed(R, "person_follow", "Ros2CmdVelSink"), { planned: "cmd_vel_sink" }],
  [packed(X, "backpressure", "SyntheticRiskEventSource"), RISK_SOURCE],
  [packed(X, "backpressure", "SlowScoringNode"), SLOW_SCORING],
  [packed(X, "backpressure", "BackpressureMetricsSink"), BENCH_METRICS_SINK],
  ...FIRST_GENERATION,
];

/** Address to node, for every address of the predecessor. */
export const LEGACY: ReadonlyMap<string, LegacyEntry> = new Map(
  ENTRIES.flatMap(([addresses, entry]) => addresses.map((address) => [address, entry] as const)),
);

/** True for the predecessor's own addresses and for any other class in its package, such as a scaffolded one. */
export function isLegacyAddress(address: string): boolean {
  return LEGACY.has(address) || address.startsWith("schnitzel_stream.");
}

/** The predecessor's address most like this one. Its prefix is long, so only the rest is compared first. */
export function suggestLegacy(address: string): string | undefined {
  const className = address.split(":")[1] ?? "";
  const byClass = new Map([...LEGACY.keys()].reverse().map((known) => [known.split(":")[1]!, known]));
  const near = didYouMean(className, byClass.keys());
  return near === undefined ? undefined : byClass.get(near);
}

const EMPTY_FOO = { kind: "foo", source_id: "dev", payload: {} };
