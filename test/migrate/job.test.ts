import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
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
    using project = yard({ "ppe.yaml": "[]" });
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

const one = (source: string, more = "") => ({
  "configs/cameras.yaml": `cameras: [{ id: c, source: ${source} }]\n${more}`,
});
const withSettings = (text: string) => ({ "configs/default.yaml": `${MOCK}${text}\n` });
const last = async (files: Record<string, string>, given = {}) => {
  using project = yard(files);
  const made = await project.migrate(FILE, given);
  return { made, out: graphOf(made).nodes.at(-1)!, first: graphOf(made).nodes[0]! };
};
const reasons = (made: Awaited<ReturnType<typeof last>>["made"], key: string) =>
  made.leftOut.filter((one) => one.key === key).map(({ reason }) => reason);

describe("a version 1 job keeps secrets to itself", () => {
  const SECRET = "rtsp://u:hunter2@127.0.0.1/x?token=hunter3";

  test("when a video gave way to a sample, which is said for a url as well", async () => {
    const { made, first } = await last(one(`{ url: "${SECRET}" }`));
    expect(first.config).toMatchObject({ path: "../../data/samples/yard.mp4" });
    expect(reasons(made, "cameras[0].source.url")).toEqual([expect.stringContaining("type: rtsp")]);
    expect(JSON.stringify([made.text, made.leftOut])).not.toContain("hunter");
  });

  test("in what is wrong, and in what it leaves out", async () => {
    using project = oldProject({ [FILE]: JOB_FILE, "configs/default.yaml": MOCK, ...one(`{ url: "${SECRET}" }`) });
    const { diagnostics } = await project.migrate(FILE);
    expect(diagnostics).toHaveLength(1);
    expect(JSON.stringify(diagnostics)).not.toContain("hunter");
    const { made } = await last({}, { env: { AI_EVENTS_EMITTER_ADAPTER: SECRET } });
    expect(JSON.stringify([made.text, made.leftOut])).not.toContain("hunter");
  });

  test("when a variable that says it is one stands where it does not belong", async () => {
    using project = oldProject({
      ...{ [FILE]: JOB_FILE, "configs/default.yaml": `${MOCK}ingest: { fps_limit: "\${oc.env:MY_TOKEN}" }\n` },
      ...one('{ url: "http://h/${oc.env:MY_TOKEN}" }'),
    });
    const { diagnostics } = await project.migrate(FILE, { env: { MY_TOKEN: "hunter2" } });
    expect(diagnostics).toHaveLength(2);
    expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
  });

  test("and gives those of its backend's address to auth", async () => {
    const url = "http://${oc.env:WHO}:${oc.env:PW}@127.0.0.1:9/x#part";
    const { made, out } = await last(withSettings(`events: { post_url: "${url}" }`), {
      env: { WHO: "me", PW: "hunter2" },
    });
    expect(out.config).toMatchObject({
      ...{ url: "http://127.0.0.1:9/x", auth: { basic: { user: "${oc.env:WHO}", password: "${oc.env:PW}" } } },
    });
    expect(JSON.stringify(made)).not.toContain("hunter2");
    const literal = await last({}, { env: { AI_EVENTS_POST_URL: "http://me:a%40b@127.0.0.1:9/x" } });
    expect(literal.out.config).toMatchObject({ auth: { basic: { user: "me", password: "a@b" } } });
    expect(reasons(literal.made, "events.post_url")).toContainEqual(expect.stringContaining("password"));
  });

  test("and those of its zones", async () => {
    const zones = 'model: { mode: mock }\nzones: { api: { base_url: "http://127.0.0.1/${oc.env:ZONE_TOKEN}" } }\n';
    using project = yard({ "configs/default.yaml": zones });
    const made = await project.migrate(FILE, { env: { ZONE_TOKEN: "hunter2" }, flags: ["--camera-id", "cam01"] });
    expect(JSON.stringify(made)).not.toContain("hunter2");
    expect(made.text).toContain("${oc.env:ZONE_TOKEN}");
  });
});

describe("a version 1 job reads its settings as the predecessor did", () => {
  test("one file's reference leads into another", async () => {
    const { first } = await last({
      ...withSettings("host: 10.0.0.1"),
      ...one('{ type: rtsp, url: "rtsp://${host}/x" }'),
    });
    expect(first.config).toMatchObject({ url: "rtsp://10.0.0.1/x" });
  });

  test("what a variable gives is text, and counts as the number or the truth that it looks like", async () => {
    const settings = "ingest: { fps_limit: '${oc.env:FPS,5}' }\ndedup: { enabled: '${oc.env:DEDUP,true}' }";
    using project = yard(withSettings(settings));
    const made = await project.migrate(FILE, { flags: ["--camera-id", "cam01"] });
    const nodes = graphOf(made).nodes;
    expect(nodes.find(({ id }) => id === "cam01_sample")!.config).toEqual({ target_fps: 5 });
    expect(nodes.map(({ id }) => id)).toContain("cam01_dedup");
    expect(reasons(made, "ingest.fps_limit")).toEqual([expect.stringContaining('filled in with what it is now, "5"')]);
  });

  test("a file with nothing in it says nothing", async () => {
    const { first } = await last({
      ...{ "configs/dev.yaml": "# nothing yet\n", "configs/default.yaml": `app: { env: dev }\n${MOCK}` },
    });
    expect(first.id).toBe("cam01");
  });

  test("a class map that is not there is as none", async () => {
    const env = {
      ...{ AI_MODEL_MODE: "real", AI_MODEL_ADAPTER: "ai.vision.yolo_adapter:YOLOAdapter" },
      MODEL_CLASS_MAP_PATH: "gone.yaml",
    };
    const { made } = await last({}, { env, flags: ["--camera-id", "cam01"] });
    expect(made.text).not.toContain("class_map_file");
    expect(reasons(made, "model_env.class_map_path")).toEqual([expect.stringContaining("gone.yaml is not there")]);
  });

  test("text that is empty is as none", async () => {
    const settings = `events: { post_url: "", emitter_adapter: "", snapshot: { base_dir: "" } }
sensor: { enabled: true, adapter: "${FAKE}", type: "" }`;
    const { out } = await last(withSettings(settings));
    expect(out).toMatchObject({ id: "events_out", plugin: "print_sink" });
  });

  test("no more frames than one a second when fps_limit is none", async () => {
    using project = yard(withSettings("ingest: { fps_limit: -3 }"));
    const made = await project.migrate(FILE);
    expect(graphOf(made).nodes[1]!.config).toEqual({ target_fps: 1 });
  });

  test("its backend's settings are told as unused where its events go elsewhere", async () => {
    const settings = withSettings('events: { post_url: "http://127.0.0.1:9/x", timeout_sec: 2 }');
    const { made } = await last(settings, { flags: ["--dry-run"] });
    expect(reasons(made, "events.post_url")).toEqual(["events do not go to the backend"]);
    expect(reasons(made, "events.timeout_sec")).toEqual(["events do not go to the backend"]);
  });

  test("variables that it did not read, or that lead nowhere here, are told by name alone", async () => {
    const { made } = await last({}, { env: { AI_ROS2_SOURCE_TOPIC: "/x", AI_INGEST_FPS: "3", AI_OF_OTHERS: "1" } });
    const told = made.leftOut.filter(({ place }) => place.file === "<environment>").map(({ key }) => key);
    expect(told).toEqual(["AI_INGEST_FPS", "AI_ROS2_SOURCE_TOPIC"]);
  });

  test("bounds that it did not have are told where they are met", async () => {
    const settings = `rtsp: { timeout_sec: 0, max_delay_sec: 0.1 }
events: { post_url: "http://127.0.0.1:9/x", retry: { max_attempts: 1000 } }
sensor: { enabled: true, adapter: "${FAKE}", queue_size: 5000, time_window_ms: 120000 }`;
    const { made } = await last(withSettings(settings), { flags: ["--camera-id", "cam01"] });
    const keys = ["rtsp.timeout_sec", "rtsp.max_delay_sec", "events.retry.max_attempts", "sensor.queue_size"];
    for (const key of keys) expect(`${key} ${reasons(made, key).length}`).toBe(`${key} 1`);
  });

  test("a sensor that goes on behind a video is told", async () => {
    const sensor = withSettings(`sensor: { enabled: true, adapter: "${FAKE}" }`);
    const { made } = await last(sensor, { flags: ["--camera-id", "cam02"] });
    expect(reasons(made, "sensor.enabled")).toEqual([expect.stringContaining("goes on")]);
    expect(reasons((await last(sensor, { flags: ["--camera-id", "cam01"] })).made, "sensor.enabled")).toEqual([]);
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
    [
      "a camera with a blank id",
      { "configs/cameras.yaml": cameras(`id: " ", ${rtsp}`) },
      {},
      ["MIGRATE_VALUE cameras.yaml:2:11"],
    ],
    [
      "a camera whose id is no text",
      { "configs/cameras.yaml": cameras(`id: true, ${rtsp}`) },
      {},
      ["MIGRATE_VALUE cameras.yaml:2:11"],
    ],
    [
      "a camera whose url is empty",
      { "configs/cameras.yaml": cameras("id: a, source: { type: rtsp, url: '' }") },
      {},
      ["MIGRATE_VALUE cameras.yaml:2:41"],
    ],
    [
      "a site without a name",
      { "configs/default.yaml": `${MOCK}app: { site_id: "" }\n` },
      {},
      ["MIGRATE_VALUE default.yaml:3:17"],
    ],
    [
      "a list with something else than texts",
      { "configs/default.yaml": "zones: { source: none }\nmodel: { adapter: [{ a: 1 }] }\n" },
      {},
      ["MIGRATE_VALUE default.yaml:2:10"],
    ],
    [
      "waits that are too long for a graph",
      {
        "configs/default.yaml": `${MOCK}events: { post_url: "http://h/x", timeout_sec: 601, retry: { backoff_sec: 3601 } }\n`,
      },
      {},
      ["MIGRATE_VALUE default.yaml:3:48", "MIGRATE_VALUE default.yaml:3:75"],
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

  test("for a folder that leads to itself, and for samples that are no folder", async () => {
    using project = oldProject({ "job.yaml": JOB_FILE });
    fs.symlinkSync("configs", project.at("configs"));
    expect(faults(await project.migrate("job.yaml"))).toEqual(["MIGRATE_FILE job.yaml:3:6"]);
    using other = oldProject({
      ...{ "job.yaml": JOB_FILE, "configs/default.yaml": `${MOCK}cameras: [{ id: c }]\n`, "data/samples": "" },
    });
    expect(faults(await other.migrate("job.yaml"))).toEqual(["MIGRATE_FILE default.yaml:3:11"]);
  });
});
