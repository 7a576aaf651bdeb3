import * as v from "valibot";
import { planesOf } from "../../media/index.ts";
import { defineNode, type NodeContext, port } from "../../node/index.ts";
import { type Frame, type FrameFormat, frameBytes, frameStride, type StreamPacket } from "../../packet/index.ts";
import { type Box, DetectionReader, type Seen } from "./detections.ts";
import { rawFrameOf } from "./luma_grid.ts";
import { type Area, areaAround } from "./picture_area.ts";

const whole = v.pipe(v.number(), v.integer(), v.minValue(1));

const config = v.strictObject({
  classes: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.minLength(1)))),
    v.description("Names of the classes cut out; all when left out."),
  ),
  margin: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(2)), 0.1),
    v.description("Picture around the box, in widths and heights of it on each side, where there is picture."),
  ),
  min_size: v.pipe(v.optional(whole, 8), v.description("Boxes with a side of fewer pixels are passed over.")),
  max_crops: v.pipe(
    v.optional(whole, 64),
    v.description("Cut out of one frame; the first in the list, the others are passed over and counted."),
  ),
});

const GREY = { width: 4, height: 2, format: "gray", stride: 4, frame_idx: 5 };
const face = { confidence: 0.9, class_name: "face", track_id: 3 };

export const crop = defineNode({
  name: "crop",
  kind: "transform",
  doc: `Cuts detections out of a frame: one frame for each, with the pixels of its box, for a classifier behind it.

The new frame has the format and number of the old one, the one detection with its box where it is in the cut, and
\`crop: { x, y, width, height }\` which says where the cut is in the whole picture. Its memory is its own. Where colour
is halved (\`yuv420p\`, \`nv12\`) cuts start at even pixels.`,
  config,
  inputs: { in: port("frame", "Raw frames with `payload.detections`.", "inproc_any") },
  outputs: { out: port("frame", "One frame per detection.", "inproc_any") },
  examples: [
    {
      title: "The right half of a picture",
      config: { margin: 0, min_size: 2 },
      input: [
        {
          kind: "frame",
          source_id: "cam01",
          meta: { idempotency_key: "frame:cam01:5" },
          payload: {
            ...GREY,
            data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]),
            detections: [{ ...face, bbox: { x1: 2, y1: 0, x2: 4, y2: 2 } }],
          },
        },
      ],
      output: {
        out: [
          {
            kind: "frame",
            source_id: "cam01",
            meta: { idempotency_key: "frame:cam01:5:crop:0", source_packet_id: "00000000-0000-7000-8000-000000000001" },
            payload: {
              ...{ width: 2, height: 2, format: "gray", stride: 2, frame_idx: 5 },
              data: Uint8Array.from([3, 4, 7, 8]),
              detections: [{ ...face, bbox: { x1: 0, y1: 0, x2: 2, y2: 2 } }],
              crop: { x: 2, y: 0, width: 2, height: 2 },
            },
          },
        ],
      },
    },
  ],
  create({ classes, margin, min_size, max_crops }, context) {
    const reader = new DetectionReader("cut out detections");
    const counts = { cut: 0, small: 0, surplus: 0 };
    const isLarge = ({ width, height }: Area) => width >= min_size && height >= min_size;
    function* cuts(packet: StreamPacket) {
      const frame = rawFrameOf(packet.payload, "cut out detections");
      const wanted = reader.read(packet).filter(({ className }) => classes?.includes(className) ?? true);
      counts.surplus += Math.max(0, wanted.length - max_crops);
      for (const [at, seen] of wanted.slice(0, max_crops).entries()) {
        const area = areaAround(seen.box, margin, frame);
        if (area === undefined || !isLarge(area)) {
          counts.small += 1;
          continue;
        }
        counts.cut += 1;
        yield cutPacket(packet, frame, seen, area, at, context);
      }
    }
    return {
      process: cuts,
      metrics: () => ({
        cut_total: counts.cut,
        small_total: counts.small,
        surplus_total: counts.surplus,
        ...reader.metrics(),
      }),
    };
  },
});

function cutPacket(packet: StreamPacket, frame: Frame, seen: Seen, area: Area, at: number, context: NodeContext) {
  const { ts, source_id, meta, packet_id } = packet;
  const { width, height, x, y } = area;
  const { format, frame_idx } = frame;
  const key = typeof meta.idempotency_key === "string" ? { idempotency_key: `${meta.idempotency_key}:crop:${at}` } : {};
  const picture = { width, height, format, stride: frameStride(format, width), data: cut(frame, area), frame_idx };
  return context.packet({
    kind: "frame",
    ts,
    source_id,
    meta: { ...meta, ...key, source_packet_id: packet_id },
    payload: { ...picture, detections: [{ ...seen.raw, bbox: moved(seen.box, area) }], crop: { x, y, width, height } },
  });
}

/** The box within a cut, no larger than it. */
function moved({ x1, y1, x2, y2 }: Box, { x, y, width, height }: Area): Box {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  return {
    x1: within(x1 - x, width),
    y1: within(y1 - y, height),
    x2: within(x2 - x, width),
    y2: within(y2 - y, height),
  };
}

/** Copies the pixels of an area that starts at even pixels where colour is halved. */
function cut({ data, width, height, format }: Frame, area: Area): Uint8Array {
  const raw = format as Exclude<FrameFormat, "jpeg">;
  const into = new Uint8Array(frameBytes(raw, area.width, area.height));
  const planes = planesOf(raw, width, height);
  for (const [at, to] of planesOf(raw, area.width, area.height).entries()) {
    const from = planes[at]!;
    const [left, top] = [area.x / from.step, area.y / from.step];
    const bytes = to.width * to.channels;
    for (let row = 0; row < to.height; row++) {
      const start = from.offset + ((top + row) * from.width + left) * from.channels;
      into.set(data.subarray(start, start + bytes), to.offset + row * bytes);
    }
  }
  return into;
}
