import { type MapTree, SourceText } from "../../graph/raw.ts";
import type { MigrateContext } from "../context.ts";
import { emptyMap, mergedTrees, scalarAt, treeOf } from "./merge.ts";

/** What findings call the place of a variable; its line is the variable's among those that matter. */
const FILE = "<environment>";

const upper = (prefix: string, path: string, names: string) =>
  names.split(" ").map((name) => [`${prefix}${name.toUpperCase()}`, `${path}${name}`] as const);

/** Variables of the job, and the setting each stands for. Those of models had no setting: they get one under `model_env`. */
export const VARIABLES: ReadonlyMap<string, string> = new Map([
  ["AI_EVENTS_POST_URL", "events.post_url"],
  ["AI_EVENTS_SNAPSHOT_BASE_DIR", "events.snapshot.base_dir"],
  ["AI_EVENTS_SNAPSHOT_PUBLIC_PREFIX", "events.snapshot.public_prefix"],
  ["AI_EVENTS_EMITTER_ADAPTER", "events.emitter_adapter"],
  ["AI_INGEST_FPS_LIMIT", "ingest.fps_limit"],
  ...upper("AI_SOURCE_", "source.", "type adapter"),
  ...upper(
    "AI_SENSOR_",
    "sensor.",
    "enabled type adapter adapters topic queue_size time_window_ms emit_events emit_fused_events",
  ),
  ...upper("AI_LOGGING_", "logging.", "level format"),
  ...upper("AI_LOG_", "logging.", "level format max_bytes backup_count"),
  ...upper("AI_MODEL_", "model.", "mode adapter"),
  ["AI_ZONES_SOURCE", "zones.source"],
  ...upper("AI_RTSP_", "rtsp.", "timeout_sec max_attempts base_delay_sec max_delay_sec transport"),
  ...upper("YOLO_", "model_env.yolo_", "model_path conf device"),
  ...upper("YOLO_PPE_", "model_env.yolo_ppe_", "model_path conf"),
  ...upper("ONNX_", "model_env.onnx_", "model_path providers conf iou"),
  ...upper("TRACKER_", "model_env.tracker_", "type max_age min_hits iou"),
  ["MODEL_CLASS_MAP_PATH", "model_env.class_map_path"],
  ["MODEL_CLASS_MAP_PATH_PPE", "model_env.class_map_path_ppe"],
  ...upper("AI_FAKE_SENSOR_", "sensor_env.fake_", "id interval_sec start_cm step_cm"),
  ...upper("AI_SERIAL_", "sensor_env.serial_", "port baudrate read_timeout_sec sensor_id"),
]);

/** How variables began that the job or its plugins read. */
const OWN =
  /^AI_(APP|CAMERAS?|DEDUP|EVENTS?|FAKE_SENSOR|HEARTBEAT|INGEST|LOG|LOGGING|METRICS|MODEL|ROS2|RTSP|RULES|SENSOR|SERIAL|SOURCE|STREAM|ZONES)_/;

/** Settings whose text is text, whatever it looks like. */
const TEXTS = /(_path|_id|id|_port|adapter|adapters|url|prefix|dir|topic)$/;

/** The job's variables as a tree of settings, each with its place in a text that lists them. */
export function environmentTree({ env, texts, leftOuts }: MigrateContext): MapTree {
  const set = [...VARIABLES].flatMap(([name, path]) => {
    const value = env[name];
    return value === undefined || value === "" ? [] : [{ name, path, value: value.replaceAll("\n", " ") }];
  });
  const others = Object.keys(env).filter((name) => OWN.test(name) && !VARIABLES.has(name));
  const text = [
    ...set.map(({ name, value }) => `${name}=${value}\n`),
    ...others.sort().map((name) => `${name}=\n`),
  ].join("");
  const source = new SourceText(FILE, text);
  if (text !== "") texts[FILE] = text;
  let tree = emptyMap({ source, start: 0, end: 0 });
  let start = 0;
  for (const { name, path, value } of set) {
    const at = start + name.length + 1;
    const scalar = scalarAt(source, at, at + value.length, TEXTS.test(path));
    tree = mergedTrees(tree, treeOf(path, scalar, { source, start, end: start + name.length }));
    start = at + value.length + 1;
  }
  for (const name of others) {
    const reason = name.startsWith("AI_ROS2_") ? "no node here speaks ROS 2" : "the job read no variable of this name";
    leftOuts.add({ source, start, end: start + name.length }, name, reason);
    start += name.length + 2;
  }
  return tree;
}
