import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { WholeFloat } from "../../src/packet/index.ts";
import { createRegistry } from "../../src/registry/index.ts";
import { LEGACY } from "../../src/registry/legacy.ts";

const registry = createRegistry({ env: {} });
await registry.prepare([...LEGACY.keys()]);

const D = "schnitzel_stream.nodes";
const V = "schnitzel_stream.packs.vision.nodes";
const R = "schnitzel_stream.packs.robotics.nodes";
const X = "schnitzel_stream.packs.experiments.nodes";

/** The predecessor's classes as its catalogue lists them, with every spelling, and what each is here. */
const RESOLVES: Readonly<Record<string, string>> = {
  [`${D}.dev:StaticSource`]: "static_source",
  [`${D}.dev:Identity`]: "identity",
  [`${D}.dev:BurstNode`]: "burst",
  [`${D}.dev:PrintSink`]: "print_sink",
  [`${D}.dev:FooSource`]: "static_source",
  [`${D}.dev:BarSink`]: "bar_sink",
  [`${D}.durable_sqlite:SqliteQueueSink`]: "sqlite_queue_sink",
  [`${D}.durable_sqlite:SqliteQueueSource`]: "sqlite_queue_source",
  [`${D}.durable_sqlite:SqliteQueueAckSink`]: "sqlite_queue_ack",
  [`${D}.blob_ref:BytesToFileRefNode`]: "bytes_to_ref",
  [`${D}.blob_ref:FileRefToBytesNode`]: "ref_to_bytes",
  [`${D}.file_sink:JsonlSink`]: "jsonl_sink",
  [`${D}.file_sink:JsonFileSink`]: "json_file_sink",
  [`${V}:OpenCvVideoFileSource`]: "video_file",
  [`${V}.video:OpenCvVideoFileSource`]: "video_file",
  [`${D}.video:OpenCvVideoFileSource`]: "video_file",
  [`${V}:OpenCvRtspSource`]: "rtsp_source",
  [`${V}.video:OpenCvRtspSource`]: "rtsp_source",
  [`${V}:OpenCvWebcamSource`]: "webcam_source",
  [`${V}.video:OpenCvWebcamSource`]: "webcam_source",
  [`${V}:EveryNthFrameSamplerNode`]: "every_nth_frame",
  [`${V}.video:EveryNthFrameSamplerNode`]: "every_nth_frame",
  [`${D}.video:EveryNthFrameSamplerNode`]: "every_nth_frame",
  [`${D}.http:HttpJsonSink`]: "http_sink",
  [`${V}:MockDetectorNode`]: "mock_detector",
  [`${V}.mock_detection:MockDetectorNode`]: "mock_detector",
  [`${D}.mock_detection:MockDetectorNode`]: "mock_detector",
  [`${V}:ProtocolV02EventBuilderNode`]: "event_v02",
  [`${V}.event_builder:ProtocolV02EventBuilderNode`]: "event_v02",
  [`${D}.event_builder:ProtocolV02EventBuilderNode`]: "event_v02",
  [`${V}:ZonePolicyNode`]: "zone_policy",
  [`${V}.policy:ZonePolicyNode`]: "zone_policy",
  [`${D}.policy:ZonePolicyNode`]: "zone_policy",
  [`${V}:DedupPolicyNode`]: "dedup_policy",
  [`${V}.policy:DedupPolicyNode`]: "dedup_policy",
  [`${D}.policy:DedupPolicyNode`]: "dedup_policy",
  [`${V}:YoloV8DetectorNode`]: "detector",
  [`${V}.yolo:YoloV8DetectorNode`]: "detector",
  [`${V}:OpenCvBboxDisplaySink`]: "live_view",
  [`${V}.yolo:OpenCvBboxDisplaySink`]: "live_view",
  [`${R}:PersonFollowCmdVelNode`]: "person_follow",
  [`${R}.person_follow:PersonFollowCmdVelNode`]: "person_follow",
  [`${X}:SyntheticRiskEventSource`]: "risk_source",
  [`${X}.backpressure:SyntheticRiskEventSource`]: "risk_source",
  [`${X}:SlowScoringNode`]: "slow_scoring",
  [`${X}.backpressure:SlowScoringNode`]: "slow_scoring",
  [`${X}:BackpressureMetricsSink`]: "bench_metrics_sink",
  [`${X}.backpressure:BackpressureMetricsSink`]: "bench_metrics_sink",
};

/** Those whose node is not in this version, with the name that the answer must carry. */
const PLANNED: Readonly<Record<string, string>> = {
  [`${R}:Ros2CmdVelSink`]: "cmd_vel_sink",
  [`${R}.person_follow:Ros2CmdVelSink`]: "cmd_vel_sink",
  "schnitzel_stream.jobs.legacy_ai_pipeline:LegacyAIPipelineJob": "schnitzel migrate",
  "ai.vision.adapters.yolo_adapter:YOLOAdapter": "detector",
  "ai.vision.yolo_adapter:YOLOAdapter": "detector",
  "ai.vision.adapters.onnx_adapter:ONNXYOLOAdapter": "detector",
  "ai.vision.adapters.custom_adapter:CustomModelAdapter": "onnx_model",
  "demo.yolo_ppe_adapter:YOLOPPEAdapter": "detector",
  "ai.plugins.ros2.image_source:Ros2ImageSource": "ros2_image_source",
  "ai.plugins.ros2.event_emitter:Ros2EventEmitter": "ros2_event_sink",
  "ai.plugins.sensors.fake_ultrasonic:FakeUltrasonicSensorSource": "fake_ultrasonic_source",
  "ai.plugins.sensors.serial_ultrasonic:SerialUltrasonicSensorSource": "serial_source",
};

/** The config our node gets for the predecessor's, as its schema reads it. */
function adapted(address: string, config: Record<string, unknown>) {
  const resolution = registry.resolve(address);
  if (!resolution.found) throw new Error(resolution.message);
  return v.parse(resolution.definition.config, resolution.legacy!.adapt(config));
}

describe("an address of the predecessor", () => {
  for (const [address, node] of Object.entries(RESOLVES)) {
    test(`${address} resolves to ${node}`, () => {
      const resolution = registry.resolve(address);
      expect(resolution).toMatchObject({ found: true, origin: "built_in", definition: { name: node } });
      expect(registry.isLegacy(address)).toBe(true);
    });
  }

  for (const [address, name] of Object.entries(PLANNED)) {
    test(`${address} is not built in yet and names ${name}`, () => {
      const resolution = registry.resolve(address);
      expect(resolution).toMatchObject({ found: false, code: "NODE_NOT_BUILT_IN_YET" });
      expect(resolution).toHaveProperty("message", expect.stringContaining(name));
    });
  }

  test("is in the catalogue above, every one", () => {
    expect([...LEGACY.keys()].sort()).toEqual([...Object.keys(RESOLVES), ...Object.keys(PLANNED)].sort());
  });

  test("with a typo in its class is answered with the right one", () => {
    expect(registry.resolve(`${D}.dev:StaticSorce`)).toMatchObject({
      code: "UNKNOWN_PLUGIN",
      hint: `did you mean ${D}.dev:StaticSource?`,
    });
  });

  test("of a scaffolded pack is legacy, unknown, and sent to plugins", () => {
    const address = "schnitzel_stream.packs.yard.nodes.gate:GateKeeper";
    expect(registry.isLegacy(address)).toBe(true);
    expect(registry.resolve(address)).toMatchObject({
      code: "UNKNOWN_PLUGIN",
      hint: "a class of your own becomes a plugin",
    });
  });

  test("does not make a plugin of the same form legacy", () => {
    expect(registry.isLegacy("loiter:Loiter")).toBe(false);
  });
});

describe("the predecessor's config of", () => {
  test("StaticSource keeps its packets, without promising their kinds", () => {
    const packets = [{ kind: "event", source_id: "cam01", payload: { n: new WholeFloat(2) }, meta: { a: 1 }, ts: "t" }];
    expect(adapted(`${D}.dev:StaticSource`, { packets })).toEqual({ packets, declare_kinds: false });
  });

  test("StaticSource without packets is an empty one", () => {
    expect(adapted(`${D}.dev:StaticSource`, {})).toEqual({ packets: [], declare_kinds: false });
  });

  test("StaticSource passes over a ts that is no text and a meta that is no map", () => {
    const packets = [{ ts: 17, meta: "none", payload: 1 }];
    expect(adapted(`${D}.dev:StaticSource`, { packets })).toMatchObject({ packets: [{ kind: "raw", payload: 1 }] });
    expect(adapted(`${D}.dev:StaticSource`, { packets })).not.toHaveProperty("packets.0.ts");
  });

  test("FooSource is one packet of kind foo", () => {
    expect(adapted(`${D}.dev:FooSource`, {})).toMatchObject({ packets: [{ kind: "foo", source_id: "dev" }] });
  });

  test("BurstNode leaves keys alone and takes text for its count", () => {
    expect(adapted(`${D}.dev:BurstNode`, { count: "5", meta_key: "n" })).toEqual({
      count: 5,
      meta_key: "n",
      derive_keys: false,
      at_once: true,
    });
  });

  test("BurstNode sends nothing for a negative count", () => {
    expect(adapted(`${D}.dev:BurstNode`, { count: -1 })).toMatchObject({ count: 0 });
  });

  test("BurstNode reads a whole float as an integer", () => {
    expect(adapted(`${D}.dev:BurstNode`, { count: new WholeFloat(2) })).toMatchObject({ count: 2 });
  });

  test("PersonFollowCmdVelNode takes lists as text, moves numbers into their bounds and gives floats as Python does", () => {
    const given = {
      person_class_ids: "0, 2",
      person_class_names: "person,rider",
      min_confidence: "0.4",
      desired_height_ratio: 7,
      height_ratio_tolerance: -1,
      max_linear: "fast",
      allow_reverse: "False",
    };
    expect(adapted(`${R}:PersonFollowCmdVelNode`, given)).toMatchObject({
      person_class_ids: [0, 2],
      person_class_names: ["person", "rider"],
      min_confidence: 0.4,
      desired_height_ratio: 0.99,
      height_ratio_tolerance: 0,
      max_linear: 0.18,
      allow_reverse: false,
      python_numbers: true,
    });
  });

  test("PrintSink prints as Python does", () => {
    expect(adapted(`${D}.dev:PrintSink`, { prefix: "> ", forward: "False" })).toEqual({
      prefix: "> ",
      format: "python",
      forward: false,
    });
  });

  test("OpenCvRtspSource waits, counts and names its frames as there", () => {
    const url = "rtsp://cam/1";
    const given = {
      url,
      max_frames: "30",
      reconnect: "False",
      reconnect_backoff_sec: ".5",
      reconnect_max_attempts: "3",
    };
    expect(adapted(`${V}:OpenCvRtspSource`, given)).toMatchObject({
      url,
      max_frames: 30,
      reconnect: false,
      reconnect_backoff_sec: 0.5,
      reconnect_backoff_max_sec: 30,
      reconnect_max_attempts: 3,
      reconnect_jitter: false,
      away_retry_sec: 0,
      key_epoch: "count",
    });
  });

  test("OpenCvRtspSource with a first wait longer than the longest waits that", () => {
    const given = { url: "rtsp://cam/1", reconnect_backoff_sec: 60 };
    expect(adapted(`${V}:OpenCvRtspSource`, given)).toMatchObject({ reconnect_backoff_max_sec: 60 });
  });

  test("OpenCvWebcamSource has shorter waits", () => {
    expect(adapted(`${V}:OpenCvWebcamSource`, { camera_index: "2" })).toMatchObject({
      camera_index: 2,
      reconnect_backoff_sec: 0.5,
      reconnect_backoff_max_sec: 5,
    });
  });

  test("JsonlSink writes every line at once and never syncs", () => {
    expect(adapted(`${D}.file_sink:JsonlSink`, { path: "a.jsonl", ensure_ascii: true })).toMatchObject({
      path: "a.jsonl",
      body: "packet",
      spacing: "python",
      ensure_ascii: true,
      flush_ms: 0,
      fsync: "never",
    });
  });

  test("JsonlSink with flush: false writes in blocks", () => {
    const config = adapted(`${D}.file_sink:JsonlSink`, { path: "a.jsonl", flush: false });
    expect(config).toHaveProperty("flush_ms", 200);
  });

  test("JsonFileSink overwrites, in place, under its old default folder", () => {
    expect(adapted(`${D}.file_sink:JsonFileSink`, { indent: "4" })).toMatchObject({
      dir: "outputs/packets",
      indent: 4,
      body: "payload",
      spacing: "python",
      existing: "overwrite",
      names: "last_segment",
      atomic: false,
    });
  });

  test("EveryNthFrameSamplerNode keeps every frame for an every_n below one", () => {
    expect(adapted(`${V}:EveryNthFrameSamplerNode`, { every_n: "0", offset: "2" })).toEqual({ every_n: 1, offset: 2 });
  });

  test("MockDetectorNode keeps how the numbers of its box are written", () => {
    const bbox = { x1: 10, y1: new WholeFloat(20), x2: "30", y2: "40.0" };
    const config = adapted(`${V}:MockDetectorNode`, { bbox, bbox_dx: new WholeFloat(5) });
    expect(config).toMatchObject({ bbox: { x1: 10, y1: new WholeFloat(20), x2: 30, y2: new WholeFloat(40) } });
    expect((config as { bbox_dx: unknown }).bbox_dx).toBeInstanceOf(WholeFloat);
  });

  test("MockDetectorNode takes its defaults for numbers that are none", () => {
    const config = { confidence: "sure", emit_every_n: "often", track_id: "first", bbox: { x1: "left" } };
    expect(adapted(`${V}:MockDetectorNode`, config)).toMatchObject({
      confidence: 0.75,
      emit_every_n: 1,
      track_id: "frame_idx",
      bbox: { x1: 10, y1: 20, x2: 200, y2: 260 },
    });
  });

  test("MockDetectorNode takes a track number as text", () => {
    expect(adapted(`${V}:MockDetectorNode`, { track_id: "7" })).toMatchObject({ track_id: 7 });
  });

  test("ProtocolV02EventBuilderNode falls back to the source for an empty camera", () => {
    expect(adapted(`${V}:ProtocolV02EventBuilderNode`, { site_id: "S001", camera_id: "" })).toEqual({
      site_id: "S001",
      python_numbers: true,
      at_once: true,
    });
  });

  test("ZonePolicyNode is lenient and keeps the gaps in its boundaries", () => {
    const zones = [{ zone_id: "Z1", polygon: [[0, 0]] }];
    expect(adapted(`${V}:ZonePolicyNode`, { zones, rule_map: { FIRE: "bbox_center" } })).toMatchObject({
      zones,
      rule_map: { FIRE: "bbox_center" },
      lenient: true,
      boundary: "legacy",
    });
  });

  test("ZonePolicyNode reads text for the numbers of its API", () => {
    const api_cfg = { base_url: "http://127.0.0.1", timeout_sec: "2.5", max_failures: "0" };
    expect(adapted(`${V}:ZonePolicyNode`, { source: "api", api_cfg, zones: null })).toMatchObject({
      api_cfg: { base_url: "http://127.0.0.1", timeout_sec: 2.5, max_failures: 1 },
    });
  });

  test("HttpJsonSink tries three times within 3 s each and passes over what fails", () => {
    expect(adapted(`${D}.http:HttpJsonSink`, { url: "http://127.0.0.1:1/", timeout_sec: null })).toMatchObject({
      timeout_ms: 3_000,
      body: "payload",
      spacing: "python",
      retry: {
        max_attempts: 3,
        backoff_ms: 1_000,
        backoff_max_ms: 10_000,
        on_status: [408, 409, 425, 429, 500, 502, 503, 504],
        on_fail: "pass_over",
      },
    });
  });

  test("HttpJsonSink reads its own tries, waits and statuses, and raises when asked", () => {
    const config = {
      ...{ url: "http://127.0.0.1:1/", method: "put", timeout_sec: "0.5", idempotency_header: "" },
      ...{ retry_max_attempts: "0", retry_backoff_sec: 0.25, retry_on_status: [503], raise_on_fail: "true" },
    };
    expect(adapted(`${D}.http:HttpJsonSink`, config)).toMatchObject({
      ...{ method: "PUT", timeout_ms: 500, idempotency_header: "" },
      retry: { max_attempts: 1, backoff_ms: 250, on_status: [503], on_fail: "throw" },
    });
  });

  test("DedupPolicyNode measures arrivals and needs no pruning", () => {
    expect(adapted(`${V}:DedupPolicyNode`, { cooldown_sec: "5.5", prune_interval: 50 })).toMatchObject({
      cooldown_sec: 5.5,
      time: "wall",
      severity_change: "any",
    });
  });

  test("any node treats null as not set", () => {
    expect(adapted(`${D}.dev:BurstNode`, { count: null })).toMatchObject({ count: 1 });
  });

  test("any node keeps a key that was never read, for the graph to report", () => {
    const resolution = registry.resolve(`${D}.dev:Identity`);
    expect(resolution.found && resolution.legacy!.adapt({ pakcets: 1 })).toEqual({ pakcets: 1 });
  });

  test("any node leaves a value that makes no sense for the schema to refuse", () => {
    expect(() => adapted(`${D}.dev:BurstNode`, { count: "many" })).toThrow();
    expect(() => adapted(`${D}.dev:PrintSink`, { forward: "maybe" })).toThrow();
  });
});

test("YOLO's thresholds are moved into their bounds, its classes may be one text, and its boxes are whole pixels", () => {
  const config = { conf: 1.5, iou: "0.5", max_det: "0", classes: "0, 2", device: "cuda:0" };
  expect(adapted(`${V}:YoloV8DetectorNode`, config)).toMatchObject({
    ...{ model: "models/yolov8n.pt", family: "yolov8", confidence: 1, iou: 0.5, max_detections: 1 },
    ...{ classes: [0, 2], round: true, agnostic: false },
  });
});

test("the display's window is a page, with its boxes drawn as they were", () => {
  const config = { window_name: "Yard (east)", wait_key_ms: 1, line_thickness: 3, forward: "true" };
  expect(adapted(`${V}:OpenCvBboxDisplaySink`, config)).toMatchObject({
    ...{ name: "Yard_east", forward: true },
    draw: { boxes: true, show_stats: true, line_thickness: 3, color_bgr: [48, 220, 48] },
  });
  expect(adapted(`${V}:OpenCvBboxDisplaySink`, {})).toMatchObject({ draw: { line_thickness: 2, show_stats: true } });
});
