import { defineNode, type NodeContext, port } from "../../node/index.ts";
import { isNumeric, replace, type StreamPacket, typeName } from "../../packet/index.ts";
import { CORNERS, isMap, type ZoneVerdict } from "../event_protocol.ts";
import type { Point } from "./geometry.ts";
import { ApiZones } from "./zone_api.ts";
import { type ZoneConfig, zoneConfig, zoneConfigIssues } from "./zone_config.ts";
import { fileZones, inlineZones, type ZoneSource } from "./zone_file.ts";
import { findZone, type Zone } from "./zones.ts";

const square = (from: number, to: number) => [
  [from, from],
  [to, from],
  [to, to],
  [from, to],
];
const box = (x1: number, y1: number, x2: number, y2: number) => ({ bbox: { x1, y1, x2, y2 } });

export const zonePolicy = defineNode({
  name: "zone_policy",
  kind: "policy",
  doc: `Looks up in which zone an event's object stands and writes it to \`payload.zone\` as \`{ zone_id, inside }\`.

Zones come from the config, a file, or an HTTP API. A file is read at start and after \`cache_ttl_sec\`; an answer of
the API is used, however old, until a newer one is there, so a slow backend holds up nothing but the very first event.
A file, polygon or source that is wrong stops the graph from starting, and events without zones ever fetched become
dead letters. \`lenient: true\` is the predecessor's way: such things mean "no zones", and every event is outside.
An event without a box, or with a coordinate missing, is in no zone.`,
  config: zoneConfig,
  inputs: { in: port("event", "Events with `payload.bbox`.", "json_portable") },
  outputs: { out: port("event", "The same events with `payload.zone`.", "json_portable") },
  reads: ({ source, file_path, lenient }) =>
    source === "file" && file_path !== undefined && !lenient ? [{ path: ["file_path"], file: file_path }] : [],
  examples: [
    {
      title: "The feet decide, unless the rule says otherwise",
      config: { zones: [{ zone_id: "Z1", polygon: square(0, 10) }], rule_map: { FIRE_DETECTED: "bbox_center" } },
      input: [
        { kind: "event", payload: { event_type: "ZONE_INTRUSION", ...box(2, 2, 4, 20) } },
        { kind: "event", payload: { event_type: "FIRE_DETECTED", ...box(2, 0, 4, 20) } },
      ],
      output: {
        out: [
          { payload: { event_type: "ZONE_INTRUSION", ...box(2, 2, 4, 20), zone: { zone_id: "", inside: false } } },
          { payload: { event_type: "FIRE_DETECTED", ...box(2, 0, 4, 20), zone: { zone_id: "Z1", inside: true } } },
        ],
      },
    },
    {
      title: "Zones in a file",
      config: { source: "file", file_path: "zones.yaml" },
      files: { "zones.yaml": "zones:\n  - { zone_id: door, polygon: [[0, 0], [9, 0], [9, 9], [0, 9]] }\n" },
      input: [{ kind: "event", payload: box(2, 2, 4, 4) }],
      output: { out: [{ payload: { ...box(2, 2, 4, 4), zone: { zone_id: "door", inside: true } } }] },
    },
  ],
  check: zoneConfigIssues,
  create(options, context) {
    const source = openSource(options, context);
    let processed = 0;
    let inside = 0;
    const judge = (packet: StreamPacket, zones: readonly Zone[]): StreamPacket => {
      const payload = eventPayload(packet);
      const zone = locate(payload, zones, options);
      processed += 1;
      if (zone.inside) inside += 1;
      return replace(packet, { payload: { ...payload, zone } });
    };
    return {
      process(packet, emit) {
        const zones = source.current();
        if (!(zones instanceof Promise)) return emit.out(judge(packet, zones));
        return zones.then((fetched) => emit.out(judge(packet, fetched)));
      },
      close: () => source.close(),
      metrics: () => ({ processed_total: processed, inside_total: inside, ...source.metrics() }),
    };
  },
});

function openSource(options: ZoneConfig, context: NodeContext): ZoneSource {
  const { zones, source, file_path, lenient } = options;
  const ttlMs = options.cache_ttl_sec * 1_000;
  if (zones !== undefined) return inlineZones(zones, lenient, context);
  if (source === "file" && file_path !== undefined) return fileZones(file_path, ttlMs, lenient, context);
  if (source !== "api" || options.api_cfg?.base_url === undefined) return inlineZones([], true, context);
  const { timeout_sec, error_backoff_sec, max_failures } = options.api_cfg;
  const limits = { timeoutMs: timeout_sec * 1_000, maxFailures: max_failures, backoffMs: error_backoff_sec * 1_000 };
  return new ApiZones({ url: zoneUrl(options), ttlMs, lenient, ...limits }, context);
}

function zoneUrl({ api_cfg, site_id = "", camera_id = "" }: ZoneConfig): string {
  const { base_url = "", get_path_template = "" } = api_cfg ?? {};
  const path = get_path_template
    .replaceAll("{site_id}", encodeURIComponent(site_id))
    .replaceAll("{camera_id}", encodeURIComponent(camera_id));
  return base_url.replace(/\/+$/, "") + path;
}

function eventPayload({ payload }: StreamPacket): Record<string, unknown> {
  if (isMap(payload)) return payload;
  throw new TypeError(`cannot look up a zone: the payload must be an event, got ${typeName(payload)}`);
}

const NOWHERE: ZoneVerdict = Object.freeze({ zone_id: "", inside: false });

function locate(
  event: Record<string, unknown>,
  zones: readonly Zone[],
  { rule_map, boundary }: ZoneConfig,
): ZoneVerdict {
  const point = rulePoint(event.bbox, rule_map[String(event.event_type)]);
  const zone = point === undefined ? undefined : findZone(zones, point, boundary);
  return zone === undefined ? NOWHERE : { zone_id: zone.zone_id, inside: true };
}

function rulePoint(bbox: unknown, rule: string | undefined): Point | undefined {
  if (bbox === undefined || bbox === null) return undefined;
  if (!isMap(bbox)) throw new TypeError(`cannot look up a zone: payload.bbox must be a map, got ${typeName(bbox)}`);
  const corners = CORNERS.map((corner) => bbox[corner] ?? null);
  if (corners.includes(null)) return undefined;
  const strange = corners.findIndex((value) => !isNumeric(value));
  if (strange >= 0) {
    const got = JSON.stringify(corners[strange]);
    throw new TypeError(`cannot look up a zone: payload.bbox.${CORNERS[strange]} must be a number, got ${got}`);
  }
  const [x1, y1, x2, y2] = corners.map(Number) as [number, number, number, number];
  return { x: (x1 + x2) / 2, y: rule === "bbox_center" ? (y1 + y2) / 2 : y2 };
}
