import { describe, expect, test } from "bun:test";
import { arrows, faults, graphOf, JOB, JOB_FILE, oldProject } from "../support/migration.ts";

const FAKE = "ai.plugins.sensors.fake_ultrasonic:FakeUltrasonicSensorSource";
const CAMERAS = `cameras:
  - { id: cam01, name: Gate, source: { type: rtsp, url: "rtsp://127.0.0.1:8554/gate" } }
  - { id: cam02, source: { type: file, path: data/samples/yard.mp4 } }
  - { camera_id: cam03, enabled: false, source: { type: webcam, path: "1" } }
`;
const MOCK = "model: { mode: mock }\nzones: { source: none }\n";
const VIDEO = { "data/samples/yard.mp4": "" };

const yard = (files: Record<string, string> = {}) =>
  oldProject({
    "configs/graphs/job.yaml": JOB_FILE,
    "configs/cameras.yaml": CAMERAS,
    "configs/default.yaml": MOCK,
    ...VIDEO,
    ...files,
  });
const FILE = "configs/graphs/job.yaml";

describe("a version 1 job becomes a graph", () => {
  test("with a source for each camera that is enabled", async () => {
    using project = yard();
    const made = await project.migrate(FILE);
    expect(graphOf(made).nodes.map(({ id, plugin }) => `${id} ${plugin}`)).toEqual([
      "cam01 rtsp_source",
      "cam01_sample sample",
      "cam01_detect mock_detector",
      "cam01_mock_box map",
      "cam01_events event_v02",
      "cam02 video_file",
      "cam02_sample sample",
      "cam02_detect mock_detector",
      "cam02_mock_box map",
      "cam02_events event_v02",
      "events_out print_sink",
    ]);
    expect(made.text).toContain("  # Gate\n  - id: cam01\n");
    expect(made.text).toContain("# The yard.\nversion: 2");
    expect(made.leftOut).toContainEqual(expect.objectContaining({ key: "cameras[2].enabled" }));
    expect(await project.again(FILE, made.text!)).toMatchObject({ kind: "current", text: made.text! });
  });

  test("with all that its settings ask for, in the order it had", async () => {
    const everything = `
app: { site_id: S001, env: prod }
ingest: { fps_limit: 5 }
zones: { source: file, file_path: zones.yaml }
dedup: { enabled: true, cooldown_sec: 4 }
events: { post_url: "http://127.0.0.1:9/api", timeout_sec: 2, retry: { max_attempts: 3, backoff_sec: 0.5 }, snapshot: { base_dir: snaps } }
sensor: { enabled: true, adapters: "${FAKE}", emit_events: true, emit_fused_events: true, time_window_ms: 200 }
`;
    using project = yard({ "configs/default.yaml": everything, "configs/prod.yaml": "model: { mode: mock }\n" });
    const made = await project.migrate(FILE, { flags: ["--camera-id", "cam02"] });
    expect(arrows(made)).toEqual([
      "sensor_clock -> sensor",
      "cam02 -> cam02_sample",
      "cam02_sample -> cam02_detect",
      "cam02_detect -> cam02_mock_box",
      "cam02_mock_box -> cam02_events",
      "cam02_events -> cam02_fusion.events",
      "sensor -> cam02_fusion.sensors",
      "cam02_fusion.sensor_events -> events_out",
      "cam02_fusion -> cam02_zones",
      "cam02_fusion.fused -> cam02_zones",
      "cam02_zones -> cam02_dedup",
      "cam02_sample -> snapshots.frames",
      "cam02_dedup -> snapshots.events",
      "snapshots -> events_out",
    ]);
    const config = Object.fromEntries(
      graphOf(made).nodes.map(({ id, config, runtime }) => [id, { ...config, runtime }]),
    );
    expect(config).toMatchObject({
      cam02: { path: "../../data/samples/yard.mp4", source_id: "cam02", pace: "real_time" },
      cam02_sample: { target_fps: 5 },
      cam02_events: { site_id: "S001", camera_id: "cam02" },
      cam02_fusion: { window: "200ms", emit_events: true, emit_fused_events: true },
      cam02_zones: { source: "file", file_path: "../../zones.yaml", boundary: "legacy", lenient: true },
      cam02_dedup: { cooldown_sec: 4, time: "wall", severity_change: "any" },
      snapshots: { dir: "../../snaps" },
      events_out: {
        ...{ url: "http://127.0.0.1:9/api", timeout_ms: 2000, idempotency_header: "" },
        retry: { max_attempts: 3, backoff_ms: 500, backoff_max_ms: 500, on_fail: "pass_over" },
        runtime: { inbox: { capacity: 256, overflow: "drop_newest" } },
      },
    });
  });

  test("with its models, trackers and class maps", async () => {
    const adapters = "ai.vision.adapters.onnx_adapter:ONNXYOLOAdapter,demo.yolo_ppe_adapter:YOLOPPEAdapter";
    using project = yard();
    const env = {
      ...{ AI_MODEL_MODE: "real", AI_MODEL_ADAPTER: adapters, ONNX_MODEL_PATH: "m/a.onnx", ONNX_CONF: "0.4" },
      ...{ TRACKER_TYPE: "iou", YOLO_PPE_MODEL_PATH: "m/ppe.pt", MODEL_CLASS_MAP_PATH_PPE: "ppe.yaml" },
    };
    const made = await project.migrate(FILE, { env, flags: ["--camera-id=cam01"] });
    expect(graphOf(made).nodes.slice(2, 9)).toMatchObject([
      {
        id: "cam01_detect",
        config: { model: "../../m/a.onnx", family: "yolov8", confidence: 0.4, iou: 0.45, agnostic: true },
        runtime: { inbox: { capacity: 1, overflow: "drop_oldest" } },
      },
      { id: "cam01_track", config: { method: "iou", iou: 0.3, max_age_frames: 30 } },
      { id: "cam01_classes", plugin: "detection_to_event" },
      { id: "cam01_detect_2", config: { model: "../../m/ppe.onnx", confidence: 0.25 } },
      { id: "cam01_track_2" },
      { id: "cam01_classes_2", config: { class_map_file: "../../ppe.yaml" } },
      { id: "cam01_events" },
    ]);
    expect(made.leftOut).toContainEqual(
      expect.objectContaining({ key: "model_env.yolo_ppe_model_path", reason: expect.stringContaining("PyTorch") }),
    );
  });

  test("with the output that its flags come first in", async () => {
    using project = yard({ "configs/default.yaml": `${MOCK}events: { post_url: "http://127.0.0.1:9/x" }\n` });
    const out = async (...flags: string[]) => graphOf(await project.migrate(FILE, { flags })).nodes.at(-1);
    expect(await out("--dry-run", "--output-jsonl", "e.jsonl")).toMatchObject({
      plugin: "jsonl_sink",
      config: { path: "../../e.jsonl", body: "payload" },
    });
    expect(await out("--dry-run")).toMatchObject({ plugin: "print_sink" });
    expect(await out()).toMatchObject({ plugin: "http_sink" });
  });

  test("with its secrets where they were", async () => {
    const url = '"rtsp://u:${oc.env:CAMERA_PASSWORD}@127.0.0.1/x"';
    using project = yard({ "configs/cameras.yaml": `cameras: [{ id: a, source: { type: rtsp, url: ${url} } }]\n` });
    const made = await project.migrate(FILE, { env: { CAMERA_PASSWORD: "hunter2" } });
    expect(graphOf(made).nodes[0]!.config!.url).toBe("rtsp://u:${oc.env:CAMERA_PASSWORD}@127.0.0.1/x");
    expect(JSON.stringify(made)).not.toContain("hunter2");
  });

  test("whose flags of run say what its logging and metrics said", async () => {
    const settings = `${MOCK}logging: { level: WARNING, format: json }\nmetrics: { enabled: true }\n`;
    using project = yard({ "configs/default.yaml": settings });
    const made = await project.migrate(FILE);
    expect(made.flags).toEqual(["--http 127.0.0.1:7077", "--log-format json", "--log-level warn"]);
    expect(made.text).toContain("# Run it with: --http 127.0.0.1:7077 --log-format json --log-level warn\n");
  });

  test("of the first sample, where the configured video is missing", async () => {
    using project = yard({ "configs/cameras.yaml": "cameras: [{ id: c, source: { path: gone.mp4 } }]\n" });
    const made = await project.migrate(FILE);
    expect(graphOf(made).nodes[0]!.config).toMatchObject({ path: "../../data/samples/yard.mp4" });
    expect(made.leftOut.map(({ key }) => key)).toContain("cameras[0].source.path");
  });

  for (const version of ['version: "1"\n', "version: 1.0\n", "version: true\n", ""]) {
    test(`that says ${version.trim() || "no version"}`, async () => {
      using project = yard({ [FILE]: `${version}job: ${JOB}\nnodes_of_mine: 3\n` });
      const made = await project.migrate(FILE);
      expect(graphOf(made).nodes[0]!.id).toBe("cam01");
      expect(made.leftOut.map(({ key }) => key)).toContain("nodes_of_mine");
    });
  }

  test("and every setting that it does not say is listed", async () => {
    const settings = `${MOCK}stream_standard: { fps: 15 }\napp: { timezone: Asia/Seoul }\nno: { such: thing }\n`;
    using project = yard({ "configs/default.yaml": settings });
    const keys = (await project.migrate(FILE)).leftOut.map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(["stream_standard.fps", "app.timezone", "no.such"]));
  });
});

const rtsp = "source: { type: rtsp, url: 'rtsp://h/x' }";
const cameras = (...list: string[]) => `cameras:\n${list.map((one) => `  - { ${one} }\n`).join("")}`;

describe("a version 1 job is refused", () => {
  for (const [why, files, given, expected] of [
    [
      "camera ids that stand twice",
      { "configs/cameras.yaml": cameras(`id: a, ${rtsp}`, `id: a, ${rtsp}`) },
      {},
      ["MIGRATE_VALUE cameras.yaml:3:11"],
    ],
    ["a camera without an id", { "configs/cameras.yaml": cameras(rtsp) }, {}, ["MIGRATE_VALUE cameras.yaml:2:7"]],
    [
      "a camera that is no map",
      { "configs/cameras.yaml": "cameras: [front]\n" },
      {},
      ["MIGRATE_VALUE cameras.yaml:1:11"],
    ],
    [
      "cameras that are no list",
      { "configs/cameras.yaml": "cameras: front\n" },
      {},
      ["MIGRATE_VALUE cameras.yaml:1:10"],
    ],
    [
      "a type of source that is none",
      { "configs/cameras.yaml": cameras("id: a, source: { type: usb }") },
      {},
      ["MIGRATE_VALUE cameras.yaml:2:30"],
    ],
    [
      "a plugin without an adapter",
      { "configs/cameras.yaml": cameras("id: a, source: { type: plugin }") },
      {},
      ["MIGRATE_VALUE cameras.yaml:2:24"],
    ],
    [
      "a camera without its url",
      { "configs/cameras.yaml": cameras("id: a, source: { type: rtsp }") },
      {},
      ["MIGRATE_VALUE cameras.yaml:2:24"],
    ],
    [
      "a source of ROS 2",
      {
        "configs/cameras.yaml": cameras(
          "id: a, source: { type: plugin, adapter: 'ai.plugins.ros2.image_source:Ros2ImageSource' }",
        ),
      },
      {},
      ["MIGRATE_VALUE cameras.yaml:2:47"],
    ],
    ["--video with rtsp", {}, { flags: ["--video", "x.mp4", "--source-type", "rtsp"] }, ["MIGRATE_VALUE <flags>:1:9"]],
    [
      "--video with a plugin",
      {},
      { flags: ["--video", "x.mp4", "--source-type", "plugin"] },
      ["MIGRATE_VALUE <flags>:1:9"],
    ],
    ["a --video that is missing", {}, { flags: ["--video", "x.mp4"] }, ["MIGRATE_FILE <flags>:1:9"]],
    ["a --camera-id that is none", {}, { flags: ["--camera-id", "cam9"] }, ["MIGRATE_VALUE <flags>:1:13"]],
    [
      "a flag that is none",
      {},
      { flags: ["--vidoe", "x"] },
      ["MIGRATE_VALUE <flags>:1:1", "MIGRATE_VALUE <flags>:1:9"],
    ],
    ["a flag without its value", {}, { flags: ["--video"] }, ["MIGRATE_VALUE <flags>:1:1"]],
    [
      "a variable of the wrong type",
      {},
      { env: { AI_INGEST_FPS_LIMIT: "ten", AI_SENSOR_ENABLED: "maybe" } },
      ["MIGRATE_VALUE <environment>:1:21", "MIGRATE_VALUE <environment>:2:19"],
    ],
    ["a config that is no map", { "configs/default.yaml": "- a\n" }, {}, ["BAD_SHAPE default.yaml:1:1"]],
    [
      "a part of a config that is no map",
      { "configs/default.yaml": `${MOCK}events: none\n` },
      {},
      ["MIGRATE_VALUE default.yaml:3:9"],
    ],
    ["a config that is no YAML", { "configs/default.yaml": "a: [\n" }, {}, ["YAML_SYNTAX default.yaml:2:1"]],
    [
      "an environment that is none",
      { "configs/default.yaml": "app: { env: test }\n" },
      {},
      ["MIGRATE_VALUE default.yaml:1:13"],
    ],
    [
      "a model that is its own",
      {},
      { env: { AI_MODEL_MODE: "real", AI_MODEL_ADAPTER: "my.model:Mine" } },
      ["MIGRATE_VALUE <environment>:2:18"],
    ],
    ["a model that it does not name", {}, { env: { AI_MODEL_MODE: "real" } }, ["MIGRATE_VALUE <environment>:1:1"]],
    ["a job that is not known", { [FILE]: "version: 1\njob: my.job:Mine\n" }, {}, ["MIGRATE_VALUE job.yaml:2:6"]],
    ["no job", { [FILE]: "version: 1\n" }, {}, ["MIGRATE_VALUE job.yaml:1:1"]],
    ["no job, but nodes", { [FILE]: "version: 1\nnodes: []\n" }, {}, ["MIGRATE_VALUE job.yaml:1:1"]],
    ["a job that is no text", { [FILE]: "version: 1\njob: {}\n" }, {}, ["MIGRATE_VALUE job.yaml:2:1"]],
    ["another version", { [FILE]: `version: 3\njob: ${JOB}\n` }, {}, ["MIGRATE_VALUE job.yaml:1:10"]],
    ["a version that is none", { [FILE]: `version: one\njob: ${JOB}\n` }, {}, ["MIGRATE_VALUE job.yaml:1:10"]],
    ["a job beside nodes", { [FILE]: `job: ${JOB}\nnodes: []\n` }, {}, ["MIGRATE_VALUE job.yaml:1:6"]],
    ["a file that is no YAML", { [FILE]: "version: 1\njob: [\n" }, {}, ["YAML_SYNTAX job.yaml:3:1"]],
    [
      "a key that stands twice",
      { [FILE]: `version: 1\nversion: 1\njob: ${JOB}\n` },
      {},
      ["DUPLICATE_KEY job.yaml:2:1"],
    ],
    ["a file that is empty", { [FILE]: "" }, {}, ["FILE_EMPTY job.yaml:1:1"]],
    ["a file that is something else", { [FILE]: "foo: bar\n" }, {}, ["MIGRATE_FILE job.yaml:1:1"]],
  ] as const) {
    test(`for ${why}`, async () => {
      using project = yard(files);
      const made = await project.migrate(FILE, given);
      expect(made.text).toBeUndefined();
      expect(faults(made).sort()).toEqual([...expected]);
    });
  }

  test("for a project without configs and without a video", async () => {
    using project = oldProject({ "job.yaml": `version: 1\njob: ${JOB}\n` });
    expect(faults(await project.migrate("job.yaml"))).toEqual(["MIGRATE_FILE job.yaml:2:6"]);
    using without = oldProject({ "job.yaml": JOB_FILE, "configs/default.yaml": `${MOCK}cameras: [{ id: c }]\n` });
    expect(faults(await without.migrate("job.yaml"))).toEqual(["MIGRATE_FILE default.yaml:3:11"]);
  });
});
