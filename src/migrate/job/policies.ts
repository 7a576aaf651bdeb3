import * as path from "node:path";
import { type MigrateContext, relativeTo } from "../context.ts";
import type { Camera } from "./cameras.ts";
import type { Job } from "./job.ts";
import type { Chain } from "./model.ts";

const RULE_POINTS = { ZONE_INTRUSION: "bottom_center", FIRE_DETECTED: "bbox_center", SMOKE_DETECTED: "bbox_center" };

/** Zones and deduplication, each where the job had it. */
export function policies(camera: Camera, job: Job, context: MigrateContext): Chain {
  return [...zones(camera, job, context), ...dedup(job)];
}

function zones({ id }: Camera, { settings, root, siteId }: Job, context: MigrateContext): Chain {
  const from = settings.under("zones");
  const source = from.choice("source", ["api", "file", "none"]) ?? "api";
  const points = settings.under("rules").under("rule_point_by_event_type");
  const rule_map = {
    ...RULE_POINTS,
    ...Object.fromEntries([...points.tree.entries.keys()].map((type) => [type, points.text(type)])),
  };
  if (source === "none") return [];
  const asked = { rule_map, boundary: "legacy", lenient: true };
  if (source === "file") {
    const file = from.text("file_path");
    if (file === undefined) {
      from.refuse("file_path", "is missing: zones.source is file");
      return [];
    }
    const file_path = relativeTo(context.targetDir, path.resolve(root, file));
    return [{ as: "zones", plugin: "zone_policy", config: { source, file_path, ...asked } }];
  }
  const api = from.under("api");
  const base_url = api.written("base_url");
  if (base_url === undefined) {
    from.leaveOut("source", "zones.api.base_url is not set, so no zone was ever there: the graph has no zone_policy");
    return [];
  }
  const api_cfg = {
    ...{ base_url, get_path_template: api.text("get_path_template"), timeout_sec: api.number("timeout_sec") ?? 3 },
    ...{ error_backoff_sec: api.number("error_backoff_sec") ?? 5, max_failures: api.integer("max_failures", 1) ?? 3 },
  };
  const cache_ttl_sec = api.number("cache_ttl_sec") ?? 30;
  const where = { source, site_id: siteId, camera_id: id };
  return [
    {
      as: "zones",
      plugin: "zone_policy",
      config: { ...where, api_cfg: withoutUndefined(api_cfg), cache_ttl_sec, ...asked },
    },
  ];
}

const withoutUndefined = (map: object) =>
  Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined));

function dedup({ settings }: Job): Chain {
  const from = settings.under("dedup");
  const cooldown_sec = from.number("cooldown_sec") ?? 10;
  from.leaveOut("prune_interval", "dedup_policy forgets old keys by their number");
  if (from.boolean("enabled") !== true) return [];
  return [{ as: "dedup", plugin: "dedup_policy", config: { cooldown_sec, time: "wall", severity_change: "any" } }];
}
