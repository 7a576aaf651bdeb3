import * as v from "valibot";
import type { ConfigIssue, NodeContext } from "../../node/index.ts";
import type { Units } from "./watch_config.ts";
import { fileZones, inlineZones, type ZoneSource } from "./zone_file.ts";
import { zoneScaleIssues } from "./zone_scale.ts";
import { readZones, unknownZoneKeys } from "./zones.ts";

/** Config of nodes that look at zones of the graph or of a file. */
export const ZONE_ENTRIES = {
  zones: v.pipe(
    v.optional(v.array(v.unknown())),
    v.description("Zones in the graph itself: `{ zone_id, polygon: [[x, y], …], enabled }`. They may overlap."),
  ),
  zone_file: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description("Instead: a .yaml, .yml or .json file with a list of zones, or a map with it under `zones`."),
  ),
  zone_file_ttl_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0)), 30),
    v.description("Age at which the file is read again."),
  ),
};

export interface ZoneOptions {
  zones?: unknown[] | undefined;
  zone_file?: string | undefined;
  zone_file_ttl_sec: number;
  units: Units;
}

/** `needed`: the node can do nothing without zones. */
export function zoneListIssues({ zones, zone_file, units }: ZoneOptions, needed: boolean): ConfigIssue[] {
  if (zones !== undefined && zone_file !== undefined) {
    return [{ path: ["zone_file"], message: "zones and zone_file exclude each other" }];
  }
  if (zones === undefined) {
    const missing = { path: [], message: "zones are missing", hint: "list them under zones:, or name a zone_file" };
    return needed && zone_file === undefined ? [missing] : [];
  }
  const faults = [...readZones(zones).faults, ...unknownZoneKeys(zones)];
  return [...faults.map((fault) => ({ ...fault, path: ["zones", ...fault.path] })), ...zoneScaleIssues(zones, units)];
}

export function openZones({ zones, zone_file, zone_file_ttl_sec }: ZoneOptions, context: NodeContext): ZoneSource {
  if (zone_file === undefined) return inlineZones(zones ?? [], false, context);
  return fileZones(zone_file, zone_file_ttl_sec * 1_000, false, context);
}

export const zoneFileRead = ({ zone_file }: ZoneOptions) =>
  zone_file === undefined ? [] : [{ path: ["zone_file"], file: zone_file }];
