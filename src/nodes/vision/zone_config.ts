import * as v from "valibot";
import { didYouMean } from "../../base/suggest.ts";
import type { ConfigIssue } from "../../node/index.ts";
import { zoneScaleIssues } from "./zone_scale.ts";
import { readZones, unknownKeys, unknownZoneKeys, type ZoneFault } from "./zones.ts";

const RULES = ["bottom_center", "bbox_center"];
const SOURCES = ["file", "api"];
const seconds = v.pipe(v.number(), v.minValue(0));
const text = v.pipe(v.string(), v.minLength(1));

const API = {
  base_url: v.pipe(v.optional(v.string()), v.description("Address of the backend, `https://backend.example`.")),
  get_path_template: v.pipe(
    v.optional(v.string()),
    v.description("Path of the zone list; `{site_id}` and `{camera_id}` are filled in."),
  ),
  timeout_sec: v.pipe(v.optional(seconds, 3), v.description("Longest wait for an answer.")),
  error_backoff_sec: v.pipe(v.optional(seconds, 5), v.description("Pause after `max_failures`.")),
  max_failures: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 3),
    v.description("Failures in a row before the pause."),
  ),
};

export const zoneConfig = v.strictObject({
  zones: v.pipe(
    v.optional(v.array(v.unknown())),
    v.description("Zones in the graph itself: `{ zone_id, polygon: [[x, y], …], enabled }`. The first that fits wins."),
  ),
  source: v.pipe(v.optional(v.string()), v.description("`file` or `api`, instead of `zones`.")),
  file_path: v.pipe(
    v.optional(text),
    v.description("For `file`: .yaml, .yml or .json with a list of zones, or a map with the list under `zones`."),
  ),
  site_id: v.pipe(v.optional(text), v.description("Fills `{site_id}` in the API's path.")),
  camera_id: v.pipe(v.optional(text), v.description("Fills `{camera_id}` in the API's path.")),
  api_cfg: v.pipe(v.optional(v.looseObject(API)), v.description("For `api`: where and how to ask.")),
  cache_ttl_sec: v.pipe(v.optional(v.number(), 30), v.description("Age at which a file or an answer is read again.")),
  rule_map: v.pipe(
    v.optional(v.record(v.string(), v.string()), {}),
    v.description("Point that is looked up, by event type: `bottom_center` (the feet; default) or `bbox_center`."),
  ),
  boundary: v.pipe(
    v.optional(v.picklist(["fixed", "legacy"]), "fixed"),
    v.description("`fixed` counts the whole boundary as inside; `legacy` keeps the predecessor's gaps in it."),
  ),
  lenient: v.pipe(
    v.optional(v.boolean(), false),
    v.description("As the predecessor: no zones instead of an error when a file, a source or a polygon is bad."),
  ),
});

export type ZoneConfig = v.InferOutput<typeof zoneConfig>;

/** What the schema cannot say about a zone policy's config. Nothing is wrong in a lenient one. */
export function zoneConfigIssues(options: ZoneConfig): ConfigIssue[] {
  return options.lenient ? [] : [...zoneIssues(options), ...sourceIssues(options), ...ruleIssues(options)];
}

function zoneIssues({ zones, source }: ZoneConfig): ConfigIssue[] {
  if (zones === undefined && source === undefined) {
    return [
      { path: [], message: "zones are missing", hint: "list them under zones:, or set source: file or source: api" },
    ];
  }
  if (zones === undefined) return [];
  const both = source === undefined ? [] : [{ path: ["source"], message: "zones and source exclude each other" }];
  const faults = [...readZones(zones).faults, ...unknownZoneKeys(zones)];
  return [...both, ...inConfig("zones", faults), ...zoneScaleIssues(zones)];
}

const inConfig = (key: string, faults: readonly ZoneFault[]): ConfigIssue[] =>
  faults.map((fault) => ({ ...fault, path: [key, ...fault.path] }));

function sourceIssues(options: ZoneConfig): ConfigIssue[] {
  const { source, file_path, cache_ttl_sec } = options;
  if (source === undefined) return [];
  if (!SOURCES.includes(source)) return [oneOf(["source"], source, SOURCES)];
  const ttl =
    cache_ttl_sec > 0
      ? []
      : [{ path: ["cache_ttl_sec"], message: `must be above 0: current value is ${cache_ttl_sec}` }];
  if (source === "api") return [...ttl, ...apiIssues(options)];
  return file_path === undefined ? [...ttl, { path: ["file_path"], message: "source: file needs file_path" }] : ttl;
}

function apiIssues({ api_cfg, ...options }: ZoneConfig): ConfigIssue[] {
  if (api_cfg === undefined) return [{ path: ["api_cfg"], message: "source: api needs api_cfg" }];
  const { base_url = "", get_path_template = "" } = api_cfg;
  const issues = inConfig("api_cfg", unknownKeys([], api_cfg, Object.keys(API)));
  if (!/^https?:\/\//.test(base_url) || !URL.canParse(base_url)) {
    issues.push({
      path: ["api_cfg", "base_url"],
      message: `must be an http or https address: current value is "${base_url}"`,
    });
  }
  for (const key of ["site_id", "camera_id"] as const) {
    if (get_path_template.includes(`{${key}}`) && options[key] === undefined) {
      issues.push({ path: [key], message: `api_cfg.get_path_template uses {${key}}, so ${key} must be set` });
    }
  }
  return issues;
}

const ruleIssues = ({ rule_map }: ZoneConfig): ConfigIssue[] =>
  Object.entries(rule_map).flatMap(([type, rule]) =>
    RULES.includes(rule) ? [] : [oneOf(["rule_map", type], rule, RULES)],
  );

function oneOf(path: string[], value: string, allowed: readonly string[]): ConfigIssue {
  const near = didYouMean(value, allowed);
  const message = `must be one of ${allowed.join(", ")}: current value is "${value}"`;
  return near === undefined ? { path, message } : { path, message, hint: `did you mean "${near}"?` };
}
