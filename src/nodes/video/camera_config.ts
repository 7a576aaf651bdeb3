import * as v from "valibot";
import { WEEKDAYS } from "../../media/index.ts";
import type { ConfigIssue } from "../../node/index.ts";
import { PICTURE_ENTRIES, pictureIssues } from "./picture_config.ts";

const seconds = (least: number) => v.pipe(v.number(), v.minValue(least));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const timeOfDay = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time such as 22:30"));

const hours = v.strictObject({
  from: v.pipe(timeOfDay, v.description("Beginning, such as `22:00`.")),
  to: v.pipe(timeOfDay, v.description("End; before `from`, it is on the next day.")),
  days: v.pipe(
    v.optional(v.array(v.picklist(WEEKDAYS))),
    v.description("Days on which it begins (`mon` to `sun`); every day unless given."),
  ),
});

/** Waits that differ from one kind of camera to the next. */
interface Waits {
  backoffSec: number;
  backoffMaxSec: number;
}

/** What every source that goes on for ever can be told. */
export const cameraEntries = ({ backoffSec, backoffMaxSec }: Waits) => ({
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
  reconnect: v.pipe(v.optional(v.boolean(), true), v.description("False: the first loss ends the run with an error.")),
  reconnect_backoff_sec: v.pipe(
    v.optional(seconds(0), backoffSec),
    v.description("Longest wait before the second try; it doubles with each further one."),
  ),
  reconnect_backoff_max_sec: v.pipe(v.optional(seconds(0), backoffMaxSec), v.description("No wait is longer.")),
  reconnect_max_attempts: v.pipe(
    v.optional(count, 0),
    v.description("Tries in a row without a picture that end the run with an error; 0: none do."),
  ),
  reconnect_jitter: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Waits a random part of each wait, so that many cameras do not come back at once."),
  ),
  expected_offline: v.pipe(
    v.optional(v.union([v.boolean(), v.array(hours)]), false),
    v.description(
      'True, or hours of this machine\'s day (`{ from: "22:00", to: "06:00", days: [fri] }`) in which being away is no warning.',
    ),
  ),
  key_epoch: v.pipe(
    v.optional(v.picklist(["start", "count"]), "start"),
    v.description(
      "Epoch in the keys: with the time of the start, so that no two runs give one key; or the count alone.",
    ),
  ),
});

/** How a camera over the network is found to be back. */
export const PROBE_ENTRIES = {
  timeout_sec: v.pipe(v.optional(seconds(0.1), 5), v.description("ffmpeg gives up when nothing came for so long.")),
  probe_sec: v.pipe(
    v.optional(v.union([v.literal(0), seconds(1)]), 5),
    v.description("While it is away it is asked this often whether it is back, which ends the wait; 0 never asks."),
  ),
  away_retry_sec: v.pipe(
    v.optional(seconds(0), 60),
    v.description("While those questions find nobody, ffmpeg is started this seldom; 0: as the waits above say."),
  ),
};

const cameraConfig = v.strictObject(cameraEntries({ backoffSec: 1, backoffMaxSec: 60 }));
export type CameraConfig = v.InferOutput<typeof cameraConfig>;
const probeConfig = v.strictObject(PROBE_ENTRIES);
export type ProbeConfig = v.InferOutput<typeof probeConfig>;

/** What the schema cannot say. */
export function cameraIssues(options: CameraConfig): ConfigIssue[] {
  const { fps, stall_sec, reconnect_backoff_sec: base, reconnect_backoff_max_sec: most } = options;
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
    ...(base > most
      ? [
          {
            path: ["reconnect_backoff_max_sec"],
            message: `must be at least reconnect_backoff_sec (${base}): it is ${most}`,
          },
        ]
      : []),
  ];
}
