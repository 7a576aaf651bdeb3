import type { MigrateContext } from "../context.ts";
import { SOURCE_TYPES } from "./cameras.ts";
import { Settings } from "./settings.ts";

const words = (text: string) => text.split(" ");

/** Settings by their type; the job refused other types, whether or not it had a use for them. */
const NUMBERS = words(
  "rtsp.timeout_sec rtsp.base_delay_sec rtsp.max_delay_sec rtsp.jitter_ratio zones.api.timeout_sec zones.api.cache_ttl_sec zones.api.error_backoff_sec dedup.cooldown_sec events.timeout_sec events.retry.backoff_sec metrics.interval_sec metrics.fps_window_sec heartbeat.interval_sec model_env.yolo_conf model_env.yolo_ppe_conf model_env.onnx_conf model_env.onnx_iou model_env.tracker_iou sensor_env.fake_interval_sec sensor_env.fake_start_cm sensor_env.fake_step_cm sensor_env.serial_read_timeout_sec",
);
const INTEGERS = words(
  "rtsp.max_attempts zones.api.max_failures dedup.prune_interval events.retry.max_attempts sensor.queue_size sensor.time_window_ms logging.max_bytes logging.backup_count model_env.tracker_max_age model_env.tracker_min_hits sensor_env.serial_baudrate",
);
const BOOLEANS = words(
  "dedup.enabled sensor.enabled sensor.emit_events sensor.emit_fused_events metrics.enabled heartbeat.enabled",
);
const MAPS = words(
  "app ingest source rtsp model rules rules.rule_point_by_event_type zones zones.api dedup events events.retry events.snapshot sensor metrics heartbeat logging",
);
const CHOICES = {
  "app.env": ["dev", "prod"],
  "source.type": SOURCE_TYPES,
  "rtsp.transport": ["tcp", "udp"],
  "model.mode": ["real", "mock"],
  "zones.source": ["api", "file", "none"],
  "logging.format": ["plain", "json"],
  "model_env.tracker_type": ["none", "iou", "bytetrack"],
} as const;

/** Reports every setting of a wrong type, also of parts that this job does not have. */
export function checkTypes({ tree }: Settings, context: MigrateContext) {
  // Settings of its own: what is only checked is not read yet.
  const settings = new Settings(tree, context);
  for (const path of MAPS) settings.under(path);
  // Zero and less meant one a second.
  settings.number("ingest.fps_limit", Number.NEGATIVE_INFINITY);
  for (const path of NUMBERS) settings.number(path);
  for (const path of INTEGERS) settings.integer(path);
  for (const path of BOOLEANS) settings.boolean(path);
  for (const [path, names] of Object.entries(CHOICES)) settings.choice(path, names);
}
