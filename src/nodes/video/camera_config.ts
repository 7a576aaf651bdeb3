import * as v from "valibot";
import type { ConfigIssue } from "../../node/index.ts";
import { reconnectEntries, reconnectIssues, type Waits } from "../live_config.ts";
import { PICTURE_ENTRIES, pictureIssues } from "./picture_config.ts";

const seconds = (least: number) => v.pipe(v.number(), v.minValue(least));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What every source that goes on for ever can be told. */
export const cameraEntries = (waits: Waits) => ({
  source_id: v.pipe(v.optional(v.pipe(v.string(), v.minLength(1))), v.description("The node's id unless given.")),
  max_frames: v.pipe(v.optional(count, 0), v.description("Frames to send; 0 goes on until the run is stopped.")),
  ...PICTURE_ENTRIES,
  threads: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)), 1),
    v.description("Threads that decode. More than one holds back as many pictures; 4K may need two."),
  ),
  first_frame_sec: v.pipe(
    v.optional(seconds(1), 30),
    v.description("Opens again when no picture came so long after the start; a key frame may be that far away."),
  ),
  stall_sec: v.pipe(
    v.optional(seconds(1), 10),
    v.description("Opens again when no picture came for so long. More than 1 / `fps`."),
  ),
  frozen_sec: v.pipe(
    v.optional(v.union([v.literal(0), seconds(5)]), 120),
    v.description("Opens again when the pixels were the same for so long; 0 never does. Doubles while they stay so."),
  ),
  ...reconnectEntries(waits),
});

const cameraConfig = v.strictObject(cameraEntries({ backoffSec: 1, backoffMaxSec: 60 }));
export type CameraConfig = v.InferOutput<typeof cameraConfig>;

/** What the schema cannot say. */
export function cameraIssues(options: CameraConfig): ConfigIssue[] {
  const { fps, stall_sec } = options;
  const slow = fps !== undefined && 1 / fps >= stall_sec;
  return [
    ...pictureIssues(options),
    ...(slow
      ? [
          {
            path: ["stall_sec"],
            message: `with fps ${fps} a picture comes every ${1 / fps} s: stall_sec must be longer`,
          },
        ]
      : []),
    ...reconnectIssues(options),
  ];
}
