import * as v from "valibot";
import type { ConfigIssue } from "../../node/index.ts";
import { MAX_SOURCES } from "../per_source.ts";

const part = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const seconds = v.pipe(v.number(), v.gtValue(0));
const whole = v.pipe(v.number(), v.integer(), v.minValue(1));

export const trackerConfig = v.strictObject({
  method: v.pipe(
    v.optional(v.picklist(["bytetrack", "iou"]), "bytetrack"),
    v.description("`bytetrack`, or `iou`: the predecessor's, which is simpler and loses more."),
  ),
  lost_sec: v.pipe(
    v.optional(seconds, 2),
    v.description("Event time an object may be out of sight and keep its id; longer than the time between frames."),
  ),
  occluded_sec: v.pipe(
    v.optional(seconds, 5),
    v.description("The same while another tracked object stands where it should be."),
  ),
  min_hits: v.pipe(
    v.optional(whole, 2),
    v.description("Frames in a row in which an object is seen before it gets an id; 1 gives one at first sight."),
  ),
  class_aware: v.pipe(
    v.optional(v.boolean(), true),
    v.description("False: a detection may continue a track of another class, for models that waver between classes."),
  ),
  untracked: v.pipe(
    v.optional(v.picklist(["drop", "keep"]), "drop"),
    v.description("Detections without an id: left out of the list, or kept as they came."),
  ),
  high_confidence: v.pipe(v.optional(part, 0.4), v.description("From here on a detection is sure.")),
  low_confidence: v.pipe(
    v.optional(part, 0.1),
    v.description("From here on it may continue a track; set the detector's own `confidence` as low to profit."),
  ),
  new_confidence: v.pipe(
    v.optional(part),
    v.description("From here on it may start a track; `high_confidence` when left out."),
  ),
  match: v.pipe(
    v.optional(part, 0.15),
    v.description(
      "Least overlap (IoU) times confidence of a sure detection with where a track should be, or was last.",
    ),
  ),
  low_match: v.pipe(v.optional(part, 0.5), v.description("Least overlap of an unsure detection.")),
  tentative_match: v.pipe(v.optional(part, 0.3), v.description("As `match`, for an object that has no id yet.")),
  iou: v.pipe(v.optional(part, 0.3), v.description("For `method: iou`: least overlap with the last box.")),
  max_age_frames: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 30),
    v.description("For `method: iou`: frames an object may be missing and keep its id."),
  ),
  max_objects: v.pipe(
    v.optional(v.pipe(whole, v.maxValue(2_000)), 500),
    v.description(
      "Objects per source at once; the surest detections count. 500 that all overlap take 0.1 s a frame, 100 people in a scene 0.5 ms.",
    ),
  ),
  max_sources: v.pipe(
    v.optional(whole, MAX_SOURCES),
    v.description("Sources tracked; the one that was silent longest makes room for another."),
  ),
});

export type TrackerConfig = v.InferOutput<typeof trackerConfig>;

/** What the schema cannot say. */
export function trackerIssues({ low_confidence, high_confidence, new_confidence }: TrackerConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (low_confidence > high_confidence) {
    issues.push({
      path: ["low_confidence"],
      message: `must be at most high_confidence (${high_confidence}): current value is ${low_confidence}`,
    });
  }
  if (new_confidence !== undefined && new_confidence < high_confidence) {
    issues.push({
      path: ["new_confidence"],
      message: `must be at least high_confidence (${high_confidence}): current value is ${new_confidence}`,
      hint: "only a sure detection can start a track",
    });
  }
  return issues;
}
