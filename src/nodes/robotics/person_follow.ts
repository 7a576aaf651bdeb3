import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";
import { type StreamPacket, typeName, WholeFloat } from "../../packet/index.ts";
import { candidates, choose, follow, type Person, type Size } from "./follow_law.ts";

const part = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const positive = v.pipe(v.number(), v.minValue(0));
const pixels = v.pipe(v.number(), v.integer(), v.minValue(1));
const text = v.pipe(v.string(), v.minLength(1));

const config = v.strictObject({
  output_kind: v.pipe(v.optional(text, "cmd_vel"), v.description("Kind of the packets that leave.")),
  source_id: v.pipe(v.optional(text), v.description("Their source; the frame's when left out.")),
  person_class_ids: v.pipe(
    v.optional(v.array(v.pipe(v.number(), v.integer())), [0]),
    v.description("Numbers of the classes followed; a class needs only one of number and name."),
  ),
  person_class_names: v.pipe(
    v.optional(v.array(text), ["person"]),
    v.description("Names of the classes followed (`class_name` or `label`)."),
  ),
  min_confidence: v.pipe(v.optional(part, 0.35), v.description("Detections below are not followed.")),
  target_select: v.pipe(
    v.optional(v.picklist(["largest", "center"]), "largest"),
    v.description("Of several people: the one with the largest box, or the one nearest to the middle."),
  ),
  desired_height_ratio: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(0.99)), 0.35),
    v.description("Height of the person's box, in heights of the picture, at the distance to keep."),
  ),
  height_ratio_tolerance: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.5)), 0.05),
    v.description("How far from that is near enough to stand still."),
  ),
  linear_kp: v.pipe(v.optional(v.number(), 0.8), v.description("Speed ahead (m/s) per missing height of the picture.")),
  angular_kp: v.pipe(
    v.optional(v.number(), 1.2),
    v.description("Speed of turning (rad/s) at the edge of the picture."),
  ),
  max_linear: v.pipe(v.optional(positive, 0.18), v.description("Fastest ahead, m/s.")),
  min_linear: v.pipe(v.optional(positive, 0), v.description("Slowest ahead that is not 0, m/s.")),
  max_angular: v.pipe(v.optional(positive, 1.2), v.description("Fastest turning, rad/s.")),
  center_error_for_linear: v.pipe(
    v.optional(part, 0.25),
    v.description("Farther than this from the middle (0 to 1) the robot turns on the spot."),
  ),
  allow_reverse: v.pipe(v.optional(v.boolean(), false), v.description("Goes back from who is too near.")),
  default_frame_width: v.pipe(v.optional(pixels, 640), v.description("Where the payload does not say, pixels.")),
  default_frame_height: v.pipe(v.optional(pixels, 480), v.description("Where the payload does not say, pixels.")),
  python_numbers: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Marks whole speeds and ratios as floats, and keeps -0, so that Python-style JSON prints `0.0`."),
  ),
});

type Config = v.InferOutput<typeof config>;

const person = { bbox: { x1: 280, y1: 180, x2: 360, y2: 300 }, confidence: 0.9, class_id: 0, class_name: "person" };
const picture = { frame_width: 640, frame_height: 480 };
const input = (detections: object[]) => ({ kind: "frame", source_id: "robot", payload: { ...picture, detections } });

export const personFollow = defineNode({
  name: "person_follow",
  kind: "compute",
  doc: `Steers a robot after a person: a speed ahead and a speed of turning for every frame with detections.

Turning follows how far the person is from the middle of the picture, going how far the height of the box is from
\`desired_height_ratio\`. Without a person the command is to stand still, and so it is for a frame without detections:
a robot that hears nothing would go on. \`meta\` has \`target_found\` and \`candidate_count\`. The picture's size is that of
its pixels, else \`frame_width\` and \`frame_height\`, \`width\` and \`height\`, or the defaults.`,
  config,
  inputs: { in: port(["frame", "detection"], "Packets with `payload.detections`.") },
  outputs: ({ output_kind }: Config) => ({ out: port(output_kind, "One command per packet.", "json_portable") }),
  examples: [
    {
      title: "Somebody straight ahead is too far away, and then nobody is there",
      config: {},
      input: [input([person]), input([])],
      output: {
        out: [
          {
            kind: "cmd_vel",
            source_id: "robot",
            meta: { target_found: true, candidate_count: 1 },
            payload: {
              linear_x: 0.07999999999999999,
              angular_z: 0,
              target_found: true,
              candidate_count: 1,
              ...picture,
              error_x_norm: 0,
              bbox_height_ratio: 0.25,
              target_select: "largest",
              target_bbox: person.bbox,
              target_confidence: 0.9,
            },
          },
          {
            meta: { target_found: false, candidate_count: 0 },
            payload: {
              linear_x: 0,
              angular_z: 0,
              target_found: false,
              candidate_count: 0,
              ...picture,
              error_x_norm: 0,
              bbox_height_ratio: 0,
              target_select: "largest",
            },
          },
        ],
      },
    },
  ],
  create(options, context) {
    const counts = { emitted: 0, found: 0, stopped: 0 };
    return {
      process(packet, emit) {
        const payload = payloadOf(packet);
        const size = sizeOf(payload, options);
        const people = candidates(detectionsOf(payload), options);
        const target = choose(people, size, options.target_select);
        counts.emitted += 1;
        counts[target === undefined ? "stopped" : "found"] += 1;
        const found = { target_found: target !== undefined, candidate_count: people.length };
        const { ts, source_id, meta } = packet;
        emit.out(
          context.packet({
            kind: options.output_kind,
            ts,
            source_id: options.source_id ?? source_id,
            meta: { ...meta, ...found },
            payload: command(target, people.length, size, options),
          }),
        );
      },
      metrics: () => ({
        emitted_total: counts.emitted,
        found_total: counts.found,
        stopped_total: counts.stopped,
      }),
    };
  },
});

/** The order of the fields is the predecessor's and shows in JSON. */
function command(target: Person | undefined, candidate_count: number, size: Size, options: Config) {
  const { linear, angular, error, ratio } = target === undefined ? STANDING : follow(target, size, options);
  const float = (value: number) =>
    options.python_numbers && Number.isInteger(value)
      ? new WholeFloat(value)
      : options.python_numbers
        ? value
        : value + 0;
  return {
    linear_x: float(linear),
    angular_z: float(angular),
    target_found: target !== undefined,
    candidate_count,
    frame_width: size.width,
    frame_height: size.height,
    error_x_norm: float(error),
    bbox_height_ratio: float(ratio),
    target_select: options.target_select,
    ...(target === undefined ? {} : { target_bbox: target.bbox, target_confidence: float(target.confidence) }),
  };
}

const STANDING = { linear: 0, angular: 0, error: 0, ratio: 0 };

function payloadOf({ payload }: StreamPacket): Record<string, unknown> {
  if (typeof payload === "object" && payload !== null && !Array.isArray(payload)) {
    return payload as Record<string, unknown>;
  }
  throw new TypeError(`cannot follow a person: the payload must be a map, got ${typeName(payload)}`);
}

function detectionsOf({ detections = [] }: Record<string, unknown>): readonly unknown[] {
  if (Array.isArray(detections)) return detections;
  throw new TypeError(`cannot follow a person: payload.detections must be a list, got ${typeName(detections)}`);
}

function sizeOf(payload: Record<string, unknown>, { default_frame_width, default_frame_height }: Config): Size {
  const { data, width, height, frame_width, frame_height } = payload;
  const pairs = [
    ...(data instanceof Uint8Array ? [[width, height]] : []),
    [frame_width, frame_height],
    [width, height],
  ];
  const known = pairs.find((pair) => pair.every((side) => Number(side) >= 1));
  return { width: Number(known?.[0] ?? default_frame_width), height: Number(known?.[1] ?? default_frame_height) };
}
