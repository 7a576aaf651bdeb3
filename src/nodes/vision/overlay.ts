import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";
import { frameOf, replace } from "../../packet/index.ts";
import { DetectionReader } from "./detections.ts";
import { draw } from "./drawing.ts";
import { DRAWING_ENTRIES, drawingIssues } from "./drawing_config.ts";
import { FrameCopies } from "./frame_copies.ts";
import { readZones } from "./zones.ts";

const config = v.strictObject(DRAWING_ENTRIES);

export const overlay = defineNode({
  name: "overlay",
  kind: "transform",
  doc: `Draws boxes, labels, zones and tracks on a copy of each frame.

The copy is of format \`bgr24\`; the frame that came in stays as it was for other branches. Lines and letters grow with
the picture. Letters that the built-in font (ASCII) does not have are empty boxes.`,
  config,
  check: (options) => drawingIssues(options),
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
        const copy = copies.of(frame);
        draw(copy, packet, reader, zones, options);
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
