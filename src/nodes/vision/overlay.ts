import * as v from "valibot";
import { type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { frameOf, replace } from "../../packet/index.ts";
import { DetectionReader } from "./detections.ts";
import { Drawing } from "./drawing.ts";
import { FrameCopies } from "./frame_copies.ts";
import { readZones, unknownZoneKeys } from "./zones.ts";

const colour = v.tuple([byte(), byte(), byte()]);

function byte() {
  return v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));
}

const config = v.strictObject({
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
    v.optional(colour),
    v.description("Blue, green, red of every box; left out: a colour of its own for each track, or else class."),
  ),
  line_thickness: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(64)), 0),
    v.description("Pixels; 0: to the picture's height, 2 at 480 lines."),
  ),
  font_scale: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(32)), 0),
    v.description("Pixels per dot of the 5×7 letters; 0: to the picture's height, 2 at 480 lines."),
  ),
});

export const overlay = defineNode({
  name: "overlay",
  kind: "transform",
  doc: `Draws boxes, labels, zones and tracks on a copy of each frame.

The copy is of format \`bgr24\`; the frame that came in stays as it was for other branches. Lines and letters grow with
the picture. Letters that the built-in font (ASCII) does not have are empty boxes.`,
  config,
  check: ({ zones }): ConfigIssue[] =>
    [...readZones(zones).faults, ...unknownZoneKeys(zones)].map((fault) => ({
      ...fault,
      path: ["zones", ...fault.path],
    })),
  inputs: { in: port("frame", "Raw frames, with or without `payload.detections`.", "inproc_any") },
  outputs: { out: port("frame", "Copies with the drawing in them.", "inproc_any") },
  examples: [
    {
      title: "A box of one pixel's thickness",
      config: { labels: false, color_bgr: [0, 0, 9], line_thickness: 1 },
      input: [{ kind: "frame", payload: { ...black(3, 3), detections: [detection(0, 0, 3, 3)] } }],
      output: {
        out: [
          {
            kind: "frame",
            payload: {
              ...{ width: 3, height: 3, format: "bgr24", stride: 9, frame_idx: 0 },
              data: Uint8Array.from([9, 9, 9, 9, 0, 9, 9, 9, 9].flatMap((red) => [0, 0, red])),
              detections: [detection(0, 0, 3, 3)],
            },
          },
        ],
      },
    },
  ],
  create(options, context) {
    const reader = new DetectionReader("draw detections");
    const { zones } = readZones(options.zones);
    const copies = new FrameCopies(context);
    let drawn = 0;
    return {
      process(packet, emit) {
        const frame = frameOf(packet.payload);
        const detections = (packet.payload as { detections?: unknown }).detections;
        const seen = options.boxes && detections !== undefined ? reader.read(packet) : [];
        const copy = copies.of(frame);
        const drawing = new Drawing(copy, options);
        for (const zone of zones) drawing.zone(zone);
        for (const one of seen) drawing.detection(one);
        drawing.notes(packet.source_id, packet.ts, seen.length);
        drawn += 1;
        emit.out(replace(packet, { payload: { ...(packet.payload as object), ...copy } }));
      },
      metrics: () => ({ ...reader.metrics(), drawn_total: drawn, unpooled_total: copies.unpooled }),
    };
  },
});

function detection(x1: number, y1: number, x2: number, y2: number) {
  return { bbox: { x1, y1, x2, y2 }, confidence: 0.9, class_id: 0, class_name: "person" };
}

function black(width: number, height: number) {
  const data = new Uint8Array(width * height * 3);
  return { width, height, format: "bgr24", stride: width * 3, data, frame_idx: 0 };
}
