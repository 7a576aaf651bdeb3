import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";
import { advance, numeric } from "../numbers.ts";
import { frameIndex } from "./frame.ts";

const text = v.pipe(v.string(), v.minLength(1));

const bbox = v.strictObject({
  x1: v.pipe(numeric, v.description("Left edge, pixels.")),
  y1: v.pipe(numeric, v.description("Top edge, pixels.")),
  x2: v.pipe(numeric, v.description("Right edge, pixels.")),
  y2: v.pipe(numeric, v.description("Bottom edge, pixels.")),
});

const config = v.strictObject({
  emit_every_n: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
    v.description("Detects in frames whose number divides by this."),
  ),
  event_type: v.pipe(v.optional(text, "ZONE_INTRUSION"), v.description("What is said to happen.")),
  object_type: v.pipe(v.optional(text, "PERSON"), v.description("What is said to be seen.")),
  severity: v.pipe(v.optional(text, "LOW"), v.description("How bad it is said to be.")),
  confidence: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.75),
    v.description("How sure the detector is said to be, 0 to 1."),
  ),
  track_id: v.pipe(
    v.optional(v.union([v.literal("frame_idx"), v.pipe(v.number(), v.integer())]), "frame_idx"),
    v.description("Track of the object: `frame_idx` makes each frame's a new one, an integer is used as it is."),
  ),
  bbox: v.pipe(
    v.optional(bbox, { x1: 10, y1: 20, x2: 200, y2: 260 }),
    v.description("Box in frame 0, pixels from the top left."),
  ),
  bbox_dx: v.pipe(v.optional(numeric, 0), v.description("Pixels the box moves right per frame number.")),
});

type Config = v.InferOutput<typeof config>;

export const mockDetector = defineNode({
  name: "mock_detector",
  kind: "compute",
  doc: `Invents one detection for every \`emit_every_n\`-th frame, so a vision graph runs without a model.

The box moves \`bbox_dx\` pixels to the right per frame number. The detection gets a packet of its own with the frame's
\`ts\`, \`source_id\` and \`meta\`.`,
  config,
  inputs: { in: port("frame", "Numbered frames (`payload.frame_idx`).") },
  outputs: { out: port("detection", "One invented detection.", "json_portable") },
  examples: [
    {
      title: "A box that moves",
      config: { bbox: { x1: 0, y1: 0, x2: 4, y2: 4 }, bbox_dx: 5 },
      input: [{ kind: "frame", source_id: "cam01", payload: { frame_idx: 2 } }],
      output: {
        out: [
          {
            kind: "detection",
            source_id: "cam01",
            payload: {
              bbox: { x1: 10, y1: 0, x2: 14, y2: 4 },
              confidence: 0.75,
              event_type: "ZONE_INTRUSION",
              object_type: "PERSON",
              severity: "LOW",
              track_id: 2,
            },
          },
        ],
      },
    },
  ],
  create(options, context) {
    let emitted = 0;
    return {
      process(packet, emit) {
        const index = frameIndex(packet);
        if (index % options.emit_every_n !== 0) return;
        emitted += 1;
        const { ts, source_id, meta } = packet;
        emit.out(context.packet({ kind: "detection", ts, source_id, meta, payload: detect(options, index) }));
      },
      metrics: () => ({ emitted_total: emitted }),
    };
  },
});

function detect({ bbox, bbox_dx, confidence, event_type, object_type, severity, track_id }: Config, index: number) {
  return {
    bbox: { ...bbox, x1: advance(bbox.x1, bbox_dx, index), x2: advance(bbox.x2, bbox_dx, index) },
    confidence,
    event_type,
    object_type,
    severity,
    track_id: track_id === "frame_idx" ? index : track_id,
  };
}
