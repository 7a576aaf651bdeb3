import * as fs from "node:fs";
import * as path from "node:path";
import { type MigrateContext, relativeTo } from "../context.ts";
import type { WrittenNode } from "../written.ts";
import type { Job } from "./job.ts";

/** What a model's nodes are called after, and which variables it reads. */
interface Adapter {
  variables: "yolo" | "yolo_ppe" | "onnx";
  classMap: "class_map_path" | "class_map_path_ppe";
}

const YOLO: Adapter = { variables: "yolo", classMap: "class_map_path" };
const ADAPTERS: Readonly<Record<string, Adapter>> = {
  "ai.vision.adapters.yolo_adapter:YOLOAdapter": YOLO,
  "ai.vision.yolo_adapter:YOLOAdapter": YOLO,
  "ai.vision.adapters.onnx_adapter:ONNXYOLOAdapter": { variables: "onnx", classMap: "class_map_path" },
  "demo.yolo_ppe_adapter:YOLOPPEAdapter": { variables: "yolo_ppe", classMap: "class_map_path_ppe" },
};

/** A chain of nodes that a frame goes through, the last of which gives detections that are events to be. */
export type Chain = (Pick<WrittenNode, "plugin" | "config" | "runtime"> & { as: string; from?: string })[];

/** One chain per model; their results are put together, as the job did. */
export function modelChains(job: Job, live: boolean, context: MigrateContext): Chain[] {
  const model = job.settings.under("model");
  if ((model.choice("mode", ["real", "mock"]) ?? "real") === "mock") return [mock(job)];
  const names = model.texts("adapter");
  if (names === undefined) return [];
  if (names.length === 0) {
    model.refuse("adapter", "is missing, and model.mode is not mock", "AI_MODEL_MODE=mock migrates the rest");
    return [];
  }
  return names.flatMap((name, at) => {
    const adapter = Object.hasOwn(ADAPTERS, name) ? ADAPTERS[name]! : undefined;
    if (adapter !== undefined) return [detecting(adapter, at === 0 ? "" : `_${at + 1}`, live, job, context)];
    model.refuse(
      ...(["adapter", `names a class that has no counterpart, ${name}`] as const),
      "onnx_model runs any ONNX file, a plugin anything else; AI_MODEL_MODE=mock migrates the rest",
    );
    return [];
  });
}

/** It moved one edge of the box only, and counted to a hundred. */
function mock({ settings }: Job): Chain {
  settings.leaveOut(
    "model.mode",
    "the mock model counted the frames it saw; here the frame's own number is taken, so sampling leaves gaps in track ids",
  );
  return [
    { as: "detect", plugin: "mock_detector", config: { bbox: { x1: 10, y1: 20, x2: 200, y2: 260 } } },
    {
      as: "mock_box",
      plugin: "map",
      config: {
        ops: [
          { set: "track_id", cel: "payload.track_id % 100" },
          { set: "bbox.x1", cel: "10 + payload.track_id" },
        ],
      },
    },
  ];
}

function detecting(
  { variables, classMap }: Adapter,
  suffix: string,
  live: boolean,
  job: Job,
  context: MigrateContext,
): Chain {
  const env = job.settings.under("model_env");
  const key = (name: string) => `${variables}_${name}`;
  const file = modelFile(key("model_path"), job, context);
  const onnx = variables === "onnx";
  for (const name of ["device", "providers"])
    env.leaveOut(key(name), "models run in WebAssembly, or in the native library where one lies beside the binary");
  const confidence = env.number(key("conf")) ?? 0.25;
  const iou = (onnx ? env.number(key("iou")) : undefined) ?? 0.45;
  const detector = { model: file, family: "yolov8", confidence, iou, ...(onnx ? { agnostic: true } : {}) };
  // The newest frame only, as the job's worker thread looked at.
  const newest = { inbox: { capacity: 1, overflow: "drop_oldest" } };
  return [
    { as: `detect${suffix}`, plugin: "detector", config: detector, ...(live ? { runtime: newest } : {}) },
    ...tracking(suffix, job),
    { as: `classes${suffix}`, plugin: "detection_to_event", config: classes(classMap, job, context) },
  ];
}

/** Weights of PyTorch do not run here; the same model exported does. */
function modelFile(key: string, { settings, root }: Job, context: MigrateContext): string {
  const env = settings.under("model_env");
  const named = env.text(key) ?? (key === "onnx_model_path" ? "models/yolov8n.onnx" : "models/yolov8n.pt");
  const shown = named.replace(/\.pt$/i, ".onnx");
  if (shown !== named) {
    const reason = `${named} holds PyTorch weights: export them to ${shown} with yolo export model=${named} format=onnx`;
    if (env.at(key) === undefined) settings.leaveOut("model.adapter", reason);
    else env.leaveOut(key, reason);
  }
  return relativeTo(context.targetDir, path.resolve(root, shown));
}

/** Without a tracker every box was a track of its own. */
function tracking(suffix: string, { settings }: Job): Chain {
  const env = settings.under("model_env");
  const type = env.choice("tracker_type", ["none", "iou", "bytetrack"]) ?? "none";
  env.leaveOut("tracker_min_hits", "nothing ever read it");
  if (type === "none") return [];
  const iou = env.number("tracker_iou") ?? 0.3;
  const own =
    type === "iou" ? { iou, max_age_frames: env.integer("tracker_max_age") ?? 30 } : { match: Math.min(1, iou) };
  if (type === "bytetrack") env.leaveOut("tracker_max_age", "lost_sec of the tracker says it in event time");
  const config = { method: type, min_hits: 1, ...own };
  return [{ as: `track${suffix}`, plugin: "tracker", config, from: "detections" }];
}

function classes(key: string, { settings, root }: Job, context: MigrateContext) {
  const env = settings.under("model_env");
  const named = env.text(key);
  const file = named === undefined ? undefined : path.resolve(root, named);
  const there = file !== undefined && fs.existsSync(file);
  if (file !== undefined && !there)
    env.leaveOut(key, `${named} is not there: as in the job, class 0 is a person in a zone, and no other is looked at`);
  const tracked = (env.text("tracker_type") ?? "none") !== "none";
  return {
    ...(there ? { class_map_file: relativeTo(context.targetDir, file) } : {}),
    ...(tracked ? {} : { untracked: "fresh" }),
  };
}
