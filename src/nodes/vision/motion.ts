import * as v from "valibot";
import { type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { eventTimeMs, type Frame, type StreamPacket } from "../../packet/index.ts";
import { MAX_SOURCES, PerSource } from "../per_source.ts";
import { Background } from "./background.ts";
import { contains, type Polygon } from "./geometry.ts";
import { type LumaGrid, lumaGrid, measure, rawFrameOf } from "./luma_grid.ts";
import { StreamTime } from "./stream_time.ts";
import { unitPixels } from "./watch_config.ts";

const seconds = v.pipe(v.number(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());

const config = v.strictObject({
  threshold: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(255)), 12),
    v.description(
      "How much brighter or darker (of 255) a cell must be than the background; higher for a noisy camera.",
    ),
  ),
  area: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 0.003),
    v.description("Part of the picture that must have changed. 0.003 of 640×360 is a square of 26 pixels."),
  ),
  hold_sec: v.pipe(
    v.optional(seconds, 3),
    v.description("Event time for which frames go on passing after the last motion."),
  ),
  learn_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0)), 10),
    v.description("How fast the background follows; what moved and stays becomes part of it in ten times as long."),
  ),
  every_sec: v.pipe(
    v.optional(seconds, 0),
    v.description("Passes a frame this often also while nothing moves; 0: none."),
  ),
  ignore: v.pipe(
    v.optional(v.array(v.pipe(v.array(v.tuple([finite, finite])), v.minLength(3))), []),
    v.description("Polygons `[[x, y], …]` in which motion does not count: a tree, a clock."),
  ),
  units: v.pipe(
    v.optional(v.picklist(["pixel", "fraction"]), "pixel"),
    v.description("What `ignore` is in: pixels, or parts of the picture's width and height (0 to 1)."),
  ),
  columns: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(320)), 80),
    v.description("Cells across the picture, of 4 pixels at least; more see smaller things and take longer."),
  ),
  max_sources: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), MAX_SOURCES),
    v.description("Sources watched; the one that was silent longest makes room for another."),
  ),
});

type Config = v.InferOutput<typeof config>;

/** Of one source. */
interface Scene {
  time: StreamTime;
  frame: Pick<Frame, "width" | "height" | "format"> | undefined;
  grid: LumaGrid | undefined;
  background: Background | undefined;
  movedMs: number;
  passedMs: number;
}

const picture = (second: number, right: number) => ({
  kind: "frame",
  ts: `2026-01-01T00:00:0${second}Z`,
  payload: {
    ...{ width: 16, height: 1, format: "gray", stride: 16, frame_idx: second },
    data: new Uint8Array(16).fill(9).fill(right, 14),
  },
});

export const motion = defineNode({
  name: "motion",
  kind: "policy",
  doc: `Passes frames while something moves, so that a detector behind it rests on a still scene; the others leave by \`still\`.

The picture is measured in \`columns\` columns of cells and compared with a background that follows slow changes. There
is motion when more than \`area\` of the cells differ by more than \`threshold\`; a change of light over the whole picture
is none. Frames pass until \`hold_sec\` after the last motion, and so does the first frame of a source. When more than
half of the picture differs, the camera was turned: that is motion once, and the new view is the background. Takes
frames of any raw format; looks at single pixels, about 0.1 ms for 640×360. Time is event time.`,
  config,
  inputs: { in: port("frame", "Raw frames.", "inproc_any") },
  outputs: {
    out: port("frame", "Frames while something moves.", "inproc_any"),
    still: port("frame", "The others.", "inproc_any"),
  },
  examples: [
    {
      title: "Something comes in from the right",
      config: { hold_sec: 1 },
      input: [picture(0, 9), picture(2, 9), picture(4, 99), picture(5, 9)],
      output: {
        out: [picture(0, 9), picture(4, 99)].map(({ ts }) => ({ ts })),
        still: [picture(2, 9), picture(5, 9)].map(({ ts }) => ({ ts })),
      },
    },
  ],
  check: ({ ignore, units }): ConfigIssue[] =>
    ignore.flatMap((polygon, at) =>
      units === "fraction" && polygon.flat().some((value) => value < 0 || value > 1)
        ? [{ path: ["ignore", at], message: "with units: fraction, coordinates are 0 to 1" }]
        : [],
    ),
  create(options) {
    const scenes = new PerSource<Scene>(options.max_sources, () => ({
      time: new StreamTime(Math.max(1, options.hold_sec) * 1_000),
      ...{ frame: undefined, grid: undefined, background: undefined, movedMs: 0, passedMs: 0 },
    }));
    const counts = { passed: 0, still: 0, motion: 0 };
    return {
      process(packet, emit) {
        const frame = rawFrameOf(packet.payload, "look for motion");
        const scene = scenes.of(packet.source_id);
        const beforeMs = scene.time.newestMs;
        const how = scene.time.take(eventTimeMs(packet));
        const nowMs = scene.time.newestMs!;
        if (how === "restart") scene.background = undefined;
        const moved = isMoving(scene, frame, packet, nowMs - (beforeMs ?? nowMs), options);
        if (moved) {
          counts.motion += 1;
          scene.movedMs = nowMs;
        }
        const held = nowMs - scene.movedMs < options.hold_sec * 1_000;
        const due = options.every_sec > 0 && nowMs - scene.passedMs >= options.every_sec * 1_000;
        if (!moved && !held && !due) {
          counts.still += 1;
          return emit.still(packet);
        }
        counts.passed += 1;
        scene.passedMs = nowMs;
        emit.out(packet);
      },
      metrics: () => ({
        passed_total: counts.passed,
        still_total: counts.still,
        motion_total: counts.motion,
        ...scenes.metrics(),
      }),
    };
  },
});

function isMoving(scene: Scene, frame: Frame, packet: StreamPacket, elapsedMs: number, options: Config): boolean {
  if (!sameShape(scene.frame, frame)) {
    const { width, height, format } = frame;
    Object.assign(scene, {
      frame: { width, height, format },
      grid: lumaGrid(frame, options.columns),
      background: undefined,
    });
  }
  const grid = scene.grid!;
  const mean = measure(frame, grid);
  if (scene.background === undefined) {
    scene.background = new Background(grid, mean, maskOf(grid, packet, options));
    return true;
  }
  const learned = 1 - Math.exp(-Math.max(0, elapsedMs) / 1_000 / options.learn_sec);
  return scene.background.changed(grid, mean, options.threshold, learned) > options.area;
}

const sameShape = (known: Scene["frame"], { width, height, format }: Frame) =>
  known !== undefined && known.width === width && known.height === height && known.format === format;

/** 1 for the cells whose middle is in no ignored polygon. */
function maskOf({ columns, rows, cell }: LumaGrid, packet: StreamPacket, { ignore, units }: Config): Uint8Array {
  const unit = unitPixels(packet, units);
  const polygons: Polygon[] = ignore.map((polygon) => polygon.map(([x, y]) => ({ x: x * unit.x, y: y * unit.y })));
  return Uint8Array.from({ length: columns * rows }, (_, at) => {
    const middle = { x: ((at % columns) + 0.5) * cell, y: (Math.floor(at / columns) + 0.5) * cell };
    return polygons.some((polygon) => contains(polygon, middle, "fixed")) ? 0 : 1;
  });
}
