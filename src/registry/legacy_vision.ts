import {
  asIs,
  atLeast,
  between,
  boolean,
  integer,
  list,
  listOf,
  mapOf,
  nonEmptyText,
  number,
  orDefault,
  type Port,
  text,
  unneeded,
  writtenNumber,
} from "./legacy_config.ts";

const DEFAULT_BOX = { x1: 10, y1: 20, x2: 200, y2: 260 };

export const MOCK_DETECTOR: Port = {
  node: "mock_detector",
  keys: {
    emit_every_n: orDefault(atLeast(1, integer)),
    event_type: nonEmptyText,
    object_type: nonEmptyText,
    severity: nonEmptyText,
    confidence: orDefault(number),
    track_id: (value) => (value === "frame_idx" ? value : orDefault(integer)(value)),
    bbox: (value) => ({ ...DEFAULT_BOX, ...(mapOf({}, orDefault(writtenNumber))(value) as object | undefined) }),
    bbox_dx: orDefault(writtenNumber),
  },
};

export const ZONE_POLICY: Port = {
  node: "zone_policy",
  keys: {
    zones: list,
    source: text,
    site_id: nonEmptyText,
    camera_id: nonEmptyText,
    file_path: nonEmptyText,
    api_cfg: mapOf({ timeout_sec: number, error_backoff_sec: number, max_failures: atLeast(1, integer) }),
    cache_ttl_sec: number,
    rule_map: mapOf({}, text),
  },
  fixed: { lenient: true, boundary: "legacy" },
};

/** Its `.pt` weights are refused with the way to export them; the device was CUDA's, and here nothing has one. */
export const YOLO: Port = {
  node: "detector",
  keys: {
    model_path: ["model", text],
    conf: ["confidence", between(0, 1)],
    iou: between(0, 1),
    max_det: ["max_detections", orDefault(atLeast(1, integer))],
    classes: listOf(integer),
    device: unneeded,
  },
  fixed: { family: "yolov8", round: true },
  finish: (config) => ({ model: "models/yolov8n.pt", ...config }),
};

const GREEN = [48, 220, 48];

/** Its window is a page of the browser; nobody presses a key there, so nothing waits for one. */
export const DISPLAY: Port = {
  node: "live_view",
  keys: {
    window_name: ["name", (value) => (typeof value === "string" ? pageName(value) : value)],
    wait_key_ms: unneeded,
    stop_on_quit_key: unneeded,
    line_thickness: orDefault(atLeast(1, integer)),
    font_scale: unneeded,
    color_bgr: asIs,
    show_stats: boolean,
    forward: boolean,
  },
  finish({ line_thickness = 2, color_bgr = GREEN, show_stats = true, ...config }) {
    return { ...config, draw: { line_thickness, color_bgr, show_stats } };
  },
};

/** A window's title as part of an address. */
const pageName = (title: string) =>
  title
    .replace(/[^\w.-]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 64) || undefined;
