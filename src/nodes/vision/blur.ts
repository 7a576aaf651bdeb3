import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";
import { eventTimeMs, replace } from "../../packet/index.ts";
import { MAX_SOURCES, PerSource } from "../per_source.ts";
import { type Box, DetectionReader } from "./detections.ts";
import { FrameCopies } from "./frame_copies.ts";
import { rawFrameOf } from "./luma_grid.ts";
import { areaAround } from "./picture_area.ts";
import { pixelate } from "./pixelate.ts";

const config = v.strictObject({
  classes: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.minLength(1)))),
    v.description("Names of the classes that are hidden; all when left out."),
  ),
  mode: v.pipe(
    v.optional(v.picklist(["pixelate", "grey"]), "pixelate"),
    v.description("`pixelate`: coarse blocks; `grey` leaves nothing to be guessed."),
  ),
  blocks: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)), 6),
    v.description("Blocks along the shorter side of a box, for `pixelate`. Faces are known again from about 12."),
  ),
  margin: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(2)), 0.15),
    v.description("Hidden around the box too, in widths and heights of it on each side."),
  ),
  hold_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0)), 0.5),
    v.description("Event time for which a place stays hidden after its detection is gone: detectors miss frames."),
  ),
});

/** Places held for a source. Why 1,000: ten detections in each frame of a second at 100 a second. */
const MAX_HELD = 1_000;

interface Held {
  readonly box: Box;
  readonly atMs: number;
}

const GREY = { width: 4, height: 1, format: "gray", stride: 4, frame_idx: 0 };
const detections = [{ bbox: { x1: 2, y1: 0, x2: 4, y2: 1 }, confidence: 0.9, class_name: "face" }];

export const blur = defineNode({
  name: "blur",
  kind: "transform",
  doc: `Hides what was detected, such as faces, under coarse blocks, in a copy of each frame.

The frame that came in stays as it was for other branches, so connect only this node's output to what keeps or shows
pictures. A place stays hidden for \`hold_sec\` after its detection is gone. A frame without \`payload.detections\` is an
error and leaves by no port: without a detector nothing would be hidden. The copy has the format of the frame; JPEG
frames are an error too.`,
  config,
  inputs: { in: port("frame", "Raw frames with `payload.detections`.", "inproc_any") },
  outputs: { out: port("frame", "Copies without what is hidden.", "inproc_any") },
  examples: [
    {
      title: "The right half of a picture becomes one block",
      config: { blocks: 1, margin: 0 },
      input: [{ kind: "frame", payload: { ...GREY, data: Uint8Array.from([1, 2, 10, 30]), detections } }],
      output: {
        out: [{ kind: "frame", payload: { ...GREY, data: Uint8Array.from([1, 2, 20, 20]), detections } }],
      },
    },
  ],
  create({ classes, mode, blocks, margin, hold_sec }, context) {
    const reader = new DetectionReader("hide detections");
    const copies = new FrameCopies(context);
    const sources = new PerSource<{ held: Held[] }>(MAX_SOURCES, () => ({ held: [] }));
    const counts = { frames: 0, hidden: 0, forgotten: 0 };
    /** Boxes to hide now: those of this frame and those of the last `hold_sec`. */
    const boxesOf = (source: string, seen: readonly Box[], atMs: number) => {
      const state = sources.of(source);
      const kept = state.held.filter((one) => Math.abs(atMs - one.atMs) <= hold_sec * 1_000);
      const all = [...kept, ...seen.map((box) => ({ box, atMs }))];
      state.held = hold_sec === 0 ? [] : all.slice(-MAX_HELD);
      counts.forgotten += hold_sec === 0 ? 0 : all.length - state.held.length;
      return all.map(({ box }) => box);
    };
    return {
      process(packet, emit) {
        const frame = rawFrameOf(packet.payload, "hide detections");
        const seen = reader.read(packet).filter(({ className }) => classes?.includes(className) ?? true);
        const boxes = boxesOf(
          packet.source_id,
          seen.map(({ box }) => box),
          eventTimeMs(packet),
        );
        const copy = copies.same(frame);
        for (const box of boxes) {
          const area = areaAround(box, margin, frame);
          if (area === undefined) continue;
          const size = Math.max(2, Math.ceil(Math.min(area.width, area.height) / blocks));
          pixelate(copy, area, mode === "grey" ? "grey" : size);
        }
        counts.frames += 1;
        counts.hidden += seen.length;
        emit.out(replace(packet, { payload: { ...(packet.payload as object), ...copy } }));
      },
      metrics: () => ({
        frames_total: counts.frames,
        hidden_total: counts.hidden,
        held_forgotten_total: counts.forgotten,
        unpooled_total: copies.unpooled,
        ...sources.metrics(),
        ...reader.metrics(),
      }),
    };
  },
});
