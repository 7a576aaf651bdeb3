import {
  atLeast,
  integer,
  list,
  mapOf,
  nonEmptyText,
  number,
  orDefault,
  type Port,
  text,
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
