import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../support/binary.ts";
import { blobModel } from "../support/onnx_models.ts";
import { makeClip } from "../support/video_clips.ts";
import { project, SAMPLES } from "./project.ts";

/** The predecessor's counts, measured there; dropped is 0 everywhere. */
const RUNS: Record<string, { counts: string; own?: Record<string, number>; printed: number }> = {
  dev_inproc_demo: { counts: "1/1/1", printed: 1 },
  showcase_inproc: { counts: "1/1/1", printed: 1 },
  dev_vision_e2e_mock: { counts: "18/21/3", own: { "node.dedup.accepted_total": 3 }, printed: 3 },
  dev_vision_policy_demo: {
    counts: "8/10/3",
    own: { "node.dedup.accepted_total": 2, "node.dedup.dropped_total": 1 },
    printed: 2,
  },
  dev_vision_detection_to_event: {
    counts: "7/8/2",
    own: { "node.dedup.accepted_total": 1, "node.dedup.dropped_total": 1 },
    printed: 1,
  },
  dev_jsonl_sink: { counts: "1/1/1", own: { "node.sink.written_total": 1 }, printed: 0 },
  dev_json_file_sink: { counts: "1/1/1", own: { "node.sink.written_total": 1 }, printed: 0 },
  dev_stream_template: { counts: "0/0/0", printed: 0 },
  dev_video_file_frames: {
    counts: "33/33/30",
    own: { "node.sample.kept_total": 3, "node.sample.dropped_total": 27 },
    printed: 3,
  },
};

/** Graphs whose nodes come with later parts, and those nodes. */
const PLANNED: Record<string, readonly string[]> = {
  dev_webcam_yolo_person_follow_ros2: ["cmd_vel_sink"],
};

/** Run with a model, as its weights were a download. */
const WITH_MODEL = ["dev_video_file_yolo_headless", "dev_video_file_yolo_overlay"];

/** Needs a camera and a model; its nodes are run by the others. */
const VALID = ["dev_webcam_yolo_overlay"];

/** Run one after the other on one file, in durable.test.ts. */
const DURABLE = [
  ...["dev_durable_drain", "dev_durable_drain_ack", "dev_durable_enqueue"],
  ...["showcase_durable_drain_ack", "showcase_durable_enqueue"],
];

/** Its backend is in http.test.ts. */
const HTTP = ["dev_http_event_sink"];

/** Run with a camera, in test/cameras/predecessor.test.ts. */
const CAMERAS = ["dev_rtsp_frames", "dev_webcam_frames", "showcase_webcam"];

test("every sample graph of the predecessor is run or known to wait for a node", () => {
  const others = [...DURABLE, ...HTTP, ...CAMERAS, ...WITH_MODEL, ...VALID];
  expect([...Object.keys(RUNS), ...others, ...Object.keys(PLANNED)].sort()).toEqual([...SAMPLES]);
});

describe("the predecessor's sample graph", () => {
  for (const [name, { counts, own = {}, printed }] of Object.entries(RUNS)) {
    test(`${name} gives its counts, ${counts}`, async () => {
      using old = project();
      if (name.includes("video_file")) makeClip(old.makeFolder("data/samples"), "sample.mp4", { frames: 30 });
      const result = await old.run(old.sample(name));
      expect(result).toMatchObject({ code: 0, counts, report: { status: "ok", graph: old.sample(name) } });
      expect(result.metrics).toMatchObject({ "packets.dropped_total": 0, ...own });
      expect(result.printed).toHaveLength(printed);
    });
  }

  test.each(WITH_MODEL)("%s detects in the newest frames and passes the others over", async (name) => {
    using old = project();
    makeClip(old.makeFolder("data/samples"), "sample.mp4", { frames: 30 });
    fs.writeFileSync(path.join(old.makeFolder("models"), "blobs.onnx"), blobModel());
    const { code, report, metrics } = await old.run(old.sample(name), { SS_YOLO_MODEL_PATH: "models/blobs.onnx" });
    expect([code, report?.status, metrics["packets.source_emitted_total"]]).toEqual([0, "ok", 30]);
    expect(metrics["node.yolo.emitted_total"]).toBeGreaterThan(0);
    expect(metrics["node.yolo.emitted_total"]! + metrics["packets.dropped_total"]!).toBe(30);
  });

  test("dev_video_file_yolo_headless says how to export the weights it names", async () => {
    using old = project();
    makeClip(old.makeFolder("data/samples"), "sample.mp4", { frames: 30 });
    fs.writeFileSync(path.join(old.makeFolder("models"), "yolov8n.pt"), "PK");
    const { code, report } = await old.run(old.sample("dev_video_file_yolo_headless"));
    expect([code, report?.error]).toEqual([1, expect.stringMatching(/models\/yolov8n\.pt.*format=onnx/s)]);
  });

  test.each(VALID)("%s validates, and is told that its weights must be exported", async (name) => {
    using old = project();
    expect(await wrong(old, name)).toEqual([]);
    const hints = (await findings(old, name)).map(({ hint = "" }) => hint);
    expect(hints).toContainEqual(expect.stringContaining("yolo export model=yolov8n.pt format=onnx"));
  });

  test.each(Object.entries(PLANNED))("%s waits for %p, and nothing else is wrong with it", async (name, nodes) => {
    using old = project();
    const refused = await old.run(old.sample(name));
    expect([refused.code, refused.report]).toEqual([2, undefined]);
    const found = await wrong(old, name);
    expect(found.map(({ code }) => code)).toEqual(nodes.map(() => "NODE_NOT_BUILT_IN_YET"));
    for (const [at, node] of nodes.entries()) expect(found[at]!.message).toContain(`its counterpart here is ${node},`);
  });
});

/** A variable's text read as a number or a boolean is told, and so is a model to be exported; neither is wrong. */
const wrong = async (old: ReturnType<typeof project>, name: string) =>
  (await findings(old, name)).filter(({ severity }) => severity === "error");

async function findings(old: ReturnType<typeof project>, name: string) {
  const { stdout } = await old.validate(old.sample(name));
  return JSON.parse(stdout).files[0].diagnostics as {
    code: string;
    message: string;
    severity: string;
    hint?: string;
  }[];
}

describe("dev_vision_e2e_mock", () => {
  test("gives the golden events and ids", async () => {
    using old = project();
    const { printed } = await old.run(old.sample("dev_vision_e2e_mock"));
    const events = printed.map((line) => JSON.parse(line.replace(/^EVENT /, "")).payload);
    const ids = [
      "479498e4-8f22-50d8-8fbf-3a619dd16c04",
      "c544b5ff-b5e3-50c1-ac97-560dfd8b1156",
      "00a97391-9caf-5a68-b65d-ee5c04a4615d",
    ];
    expect(events).toEqual(
      ids.map((event_id, track_id) => ({
        event_id,
        ts: `2026-02-14T00:00:0${track_id}Z`,
        site_id: "S001",
        camera_id: "cam01",
        event_type: "ZONE_INTRUSION",
        object_type: "PERSON",
        severity: "LOW",
        track_id,
        bbox: { x1: 2, y1: 2, x2: 4, y2: 4 },
        confidence: 0.75,
        zone: { zone_id: "Z1", inside: true },
        snapshot_path: null,
        sensor: null,
      })),
    );
  });

  test("keeps frame metadata and says where an event comes from", async () => {
    using old = project();
    const { printed } = await old.run(old.sample("dev_vision_e2e_mock"));
    expect(JSON.parse(printed[1]!.replace(/^EVENT /, "")).meta).toEqual({
      frame_idx: 1,
      idempotency_key: "event:S001:cam01:ZONE_INTRUSION:PERSON:1:2026-02-14T00:00:01Z:2:2:4:4",
      source_packet_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});

describe("bytes of the predecessor:", () => {
  test("PrintSink spaces, escapes and keeps floats as Python does", async () => {
    using old = project();
    const { printed } = await old.run(old.sample("dev_inproc_demo"));
    expect(printed[0]!.replace(/"packet_id": "[0-9a-f-]{36}"/, '"packet_id": "ID"')).toBe(
      'DEMO {"packet_id": "ID", "ts": "2026-02-14T00:00:00Z", "kind": "demo", "source_id": "demo01", "payload": ' +
        '{"hello": "world", "\\ud55c\\uae00": "\\uc608", "ratio": 20.0, "open": true, "mode": 8, "at": 45045}, "meta": {}}',
    );
  });

  test("JsonlSink appends a line per run, under the current directory, without escapes", async () => {
    using old = project();
    const line =
      '{"event_id": "e1", "note": "현장 \\"A\\"", "score": 1.0, "small": 1e-07, "list": [1, 2.5, null, true], "empty": {}, "none": []}\n';
    await old.run(old.sample("dev_jsonl_sink"));
    expect(old.read("outputs/dev_events_v2.jsonl")).toBe(line);
    await old.run(old.sample("dev_jsonl_sink"));
    expect(old.read("outputs/dev_events_v2.jsonl")).toBe(line + line);
  });

  test("JsonFileSink indents by two, ends with a line feed and overwrites in the next run", async () => {
    using old = project();
    await old.run(old.sample("dev_json_file_sink"));
    await old.run(old.sample("dev_json_file_sink"));
    expect(old.list("outputs/dev_packets")).toEqual(["000_event.json"]);
    expect(old.read("outputs/dev_packets/000_event.json")).toBe(`{
  "event_id": "e1",
  "note": "현장 \\"A\\"",
  "score": 1.0,
  "small": 1e-07,
  "list": [
    1,
    2.5,
    null,
    true
  ],
  "empty": {},
  "none": []
}
`);
  });

  test("the report is one line of compact JSON and begins as it did", async () => {
    using old = project();
    const { stdout } = await run(["--graph", old.sample("dev_jsonl_sink"), "--report-json"], { cwd: old.folder });
    expect(stdout).toMatch(
      /^\{"ts":"[^"]+","status":"ok","engine":"inproc","graph_version":2,"graph":"configs\/graphs\/dev_jsonl_sink_v2.yaml","metrics":\{.*\}\n$/,
    );
    expect(Object.values(JSON.parse(stdout).metrics).every(Number.isInteger)).toBe(true);
  });
});

describe("dev_stream_template", () => {
  test("takes its source from the environment", async () => {
    using old = project();
    const env = { SS_INPUT_PLUGIN: "schnitzel_stream.nodes.dev:FooSource", SS_STREAM_ID: "gate" };
    const { code, counts, printed } = await old.run(old.sample("dev_stream_template"), env);
    expect([code, counts]).toEqual([0, "1/1/1"]);
    expect(printed[0]).toStartWith("gate {");
  });

  test("refuses a source that is not allowed to exist", async () => {
    using old = project();
    const env = { SS_INPUT_PLUGIN: "schnitzel_stream.nodes.dev:NoSuchSource" };
    const { code, stderr } = await old.run(old.sample("dev_stream_template"), env);
    expect(code).toBe(2);
    expect(stderr).toContain("configs/graphs/dev_stream_template_v2.yaml:5:13 UNKNOWN_PLUGIN");
  });
});
