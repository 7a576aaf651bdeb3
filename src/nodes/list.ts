import type { NodeDefinition } from "../node/index.ts";

type Load = () => Promise<NodeDefinition>;

/**
 * Every node the binary carries, by domain, and how it is loaded. A node that is not here does not exist.
 *
 * Each is loaded when a graph names it: all of them, with their libraries, take longer than a short run.
 */
export const DOMAINS = {
  dev: {
    bar_sink: async () => (await import("./dev/bar_sink.ts")).barSink,
    bench_metrics_sink: async () => (await import("./dev/bench_metrics_sink.ts")).benchMetricsSink,
    generate_source: async () => (await import("./dev/generate_source.ts")).generateSource,
    null_sink: async () => (await import("./dev/null_sink.ts")).nullSink,
    risk_source: async () => (await import("./dev/risk_source.ts")).riskSource,
    slow_scoring: async () => (await import("./dev/slow_scoring.ts")).slowScoring,
    static_source: async () => (await import("./dev/static_source.ts")).staticSource,
  },
  io: {
    file_source: async () => (await import("./io/file_source.ts")).fileSource,
    json_file_sink: async () => (await import("./io/json_file_sink.ts")).jsonFileSink,
    jsonl_sink: async () => (await import("./io/jsonl_sink.ts")).jsonlSink,
    print_sink: async () => (await import("./io/print_sink.ts")).printSink,
    stdin_source: async () => (await import("./io/stdin_source.ts")).stdinSource,
  },
  net: {
    bytes_to_ref: async () => (await import("./net/bytes_to_ref.ts")).bytesToRef,
    http_sink: async () => (await import("./net/http_sink.ts")).httpSink,
    http_source: async () => (await import("./net/http_source.ts")).httpSource,
    ref_to_bytes: async () => (await import("./net/ref_to_bytes.ts")).refToBytes,
  },
  flow: {
    burst: async () => (await import("./flow/burst.ts")).burst,
    deadband: async () => (await import("./flow/deadband.ts")).deadband,
    debounce: async () => (await import("./flow/debounce.ts")).debounce,
    duplicate: async () => (await import("./flow/duplicate.ts")).duplicate,
    filter: async () => (await import("./flow/filter.ts")).filter,
    identity: async () => (await import("./flow/identity.ts")).identity,
    map: async () => (await import("./flow/map.ts")).map,
    merge: async () => (await import("./flow/merge.ts")).merge,
    rate_limit: async () => (await import("./flow/rate_limit.ts")).rateLimit,
    redact: async () => (await import("./flow/redact.ts")).redact,
    route: async () => (await import("./flow/route.ts")).route,
    sample: async () => (await import("./flow/sample.ts")).sample,
    schema_validate: async () => (await import("./flow/schema_validate.ts")).schemaValidate,
    sign_hmac: async () => (await import("./flow/sign_hmac.ts")).signHmac,
    size_limit: async () => (await import("./flow/size_limit.ts")).sizeLimit,
    split: async () => (await import("./flow/split.ts")).split,
    switch: async () => (await import("./flow/switch.ts")).switch,
    throttle: async () => (await import("./flow/throttle.ts")).throttle,
    verify_hmac: async () => (await import("./flow/verify_hmac.ts")).verifyHmac,
  },
  join: {
    join_by_id: async () => (await import("./join/join_by_id.ts")).joinById,
    lookup_join: async () => (await import("./join/lookup_join.ts")).lookupJoin,
    sensor_fusion: async () => (await import("./join/sensor_fusion.ts")).sensorFusion,
    stream_join: async () => (await import("./join/stream_join.ts")).streamJoin,
  },
  time: {
    alarm: async () => (await import("./time/alarm.ts")).alarm,
    batch: async () => (await import("./time/batch.ts")).batch,
    delay: async () => (await import("./time/delay.ts")).delay,
    initial: async () => (await import("./time/initial.ts")).initial,
    reduce: async () => (await import("./time/reduce.ts")).reduce,
    window_aggregate: async () => (await import("./time/window_aggregate.ts")).windowAggregate,
  },
  state: {
    cell_read: async () => (await import("./state/cell_read.ts")).cellRead,
    cell_write: async () => (await import("./state/cell_write.ts")).cellWrite,
    dedup: async () => (await import("./state/dedup.ts")).dedup,
  },
  durable: {
    sqlite_queue_ack: async () => (await import("./durable/sqlite_queue_ack.ts")).sqliteQueueAck,
    sqlite_queue_sink: async () => (await import("./durable/sqlite_queue_sink.ts")).sqliteQueueSink,
    sqlite_queue_source: async () => (await import("./durable/sqlite_queue_source.ts")).sqliteQueueSource,
  },
  video: {
    http_video_source: async () => (await import("./video/http_video_source.ts")).httpVideoSource,
    rtsp_source: async () => (await import("./video/rtsp_source.ts")).rtspSource,
    image_dir_source: async () => (await import("./video/image_dir_source.ts")).imageDirSource,
    resize: async () => (await import("./video/resize.ts")).resize,
    video_file: async () => (await import("./video/video_file.ts")).videoFile,
    video_test_source: async () => (await import("./video/video_test_source.ts")).videoTestSource,
    webcam_source: async () => (await import("./video/webcam_source.ts")).webcamSource,
  },
  audio: {
    audio_classifier: async () => (await import("./audio/audio_classifier.ts")).audioClassifier,
    audio_event: async () => (await import("./audio/audio_event.ts")).audioEvent,
    audio_source: async () => (await import("./audio/audio_source.ts")).audioSource,
    level: async () => (await import("./audio/level.ts")).level,
    resample: async () => (await import("./audio/resample.ts")).resample,
    vad: async () => (await import("./audio/vad.ts")).vad,
  },
  vision: {
    blur: async () => (await import("./vision/blur.ts")).blur,
    classifier: async () => (await import("./vision/classifier.ts")).classifier,
    clip_sink: async () => (await import("./vision/clip_sink.ts")).clipSink,
    count: async () => (await import("./vision/count.ts")).count,
    crop: async () => (await import("./vision/crop.ts")).crop,
    dedup_policy: async () => (await import("./vision/dedup_policy.ts")).dedupPolicy,
    detection_to_event: async () => (await import("./vision/detection_to_event.ts")).detectionToEvent,
    detector: async () => (await import("./vision/detector.ts")).detector,
    event_v02: async () => (await import("./vision/event_v02.ts")).eventV02,
    event_v02_parse: async () => (await import("./vision/event_v02_parse.ts")).eventV02Parse,
    every_nth_frame: async () => (await import("./vision/every_nth_frame.ts")).everyNthFrame,
    line_crossing: async () => (await import("./vision/line_crossing.ts")).lineCrossing,
    live_view: async () => (await import("./vision/live_view.ts")).liveView,
    mock_detector: async () => (await import("./vision/mock_detector.ts")).mockDetector,
    motion: async () => (await import("./vision/motion.ts")).motion,
    picture_sink: async () => (await import("./vision/picture_sink.ts")).pictureSink,
    snapshot_sink: async () => (await import("./vision/snapshot_sink.ts")).snapshotSink,
    tracker: async () => (await import("./vision/tracker.ts")).tracker,
    zone_dwell: async () => (await import("./vision/zone_dwell.ts")).zoneDwell,
    onnx_model: async () => (await import("./vision/onnx_model.ts")).onnxModel,
    overlay: async () => (await import("./vision/overlay.ts")).overlay,
    zone_policy: async () => (await import("./vision/zone_policy.ts")).zonePolicy,
  },
  robotics: {
    person_follow: async () => (await import("./robotics/person_follow.ts")).personFollow,
    pid: async () => (await import("./robotics/pid.ts")).pid,
    plant: async () => (await import("./robotics/plant.ts")).plant,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Load>>>>;

/** Every node by its name. */
export const BUILT_IN: ReadonlyMap<string, Load> = new Map(Object.values(DOMAINS).flatMap(Object.entries<Load>));

/** All of them, for who lists or documents nodes. */
export const loadBuiltIn = (): Promise<NodeDefinition[]> => Promise.all([...BUILT_IN.values()].map((load) => load()));
