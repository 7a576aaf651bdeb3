import * as v from "valibot";
import type { ConfigIssue } from "../../node/index.ts";
import { zoneScaleIssues } from "./zone_scale.ts";
import { readZones, unknownZoneKeys } from "./zones.ts";

const pixels = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));

/** What nodes that draw on frames can be told. */
export const DRAWING_ENTRIES = {
  boxes: v.pipe(v.optional(v.boolean(), true), v.description("Draws the boxes of `payload.detections`.")),
  labels: v.pipe(v.optional(v.boolean(), true), v.description("Writes class, confidence and track at each box.")),
  zones: v.pipe(
    v.optional(v.array(v.unknown()), []),
    v.description("Zones to draw: `{ zone_id, polygon: [[x, y], …], enabled }`, as `zone_policy` takes them."),
  ),
  show_stats: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Writes source, frame number and count of detections into the upper left corner."),
  ),
  show_time: v.pipe(v.optional(v.boolean(), false), v.description("Writes the frame's event time below that.")),
  color_bgr: v.pipe(
    v.optional(v.tuple([pixels(255), pixels(255), pixels(255)])),
    v.description("Blue, green, red of every box; left out: a colour of its own for each track, or else class."),
  ),
  line_thickness: v.pipe(
    v.optional(pixels(64), 0),
    v.description("Pixels; 0: to the picture's height, 2 at 480 lines."),
  ),
  font_scale: v.pipe(
    v.optional(pixels(32), 0),
    v.description("Pixels per dot of the 5×7 letters; 0: to the picture's height, 2 at 480 lines."),
  ),
};

const drawing = v.object(DRAWING_ENTRIES);

export type DrawingOptions = v.InferOutput<typeof drawing>;

/** What is wrong with the zones to draw; paths start at the drawing's own config. */
export const drawingIssues = ({ zones }: Pick<DrawingOptions, "zones">): ConfigIssue[] => {
  const faults = [...readZones(zones).faults, ...unknownZoneKeys(zones)];
  return [...faults.map((fault) => ({ ...fault, path: ["zones", ...fault.path] })), ...zoneScaleIssues(zones)];
};
