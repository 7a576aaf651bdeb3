import * as v from "valibot";
import { duration } from "../duration.ts";
import { FUSION_MODES } from "./fusion_match.ts";
import { distance } from "./join_key.ts";

const text = v.pipe(v.string(), v.minLength(1));
const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

export const fusionConfig = v.strictObject({
  mode: v.pipe(
    v.optional(v.picklist(FUSION_MODES), "nearest"),
    v.description("The nearest reading, the value on the line between two, or the last one that is not later."),
  ),
  window: v.pipe(
    v.optional(distance, "300ms"),
    v.description("How far from an event in event time a reading may be; this far still counts."),
  ),
  attach: v.pipe(
    v.optional(v.picklist(["best", "each"]), "best"),
    v.description("The nearest of all sensors as `sensor`, or what each has as `sensors`, by id."),
  ),
  sensors: v.pipe(
    v.optional(v.array(text), []),
    v.description("Ids of sensors that each event should have a reading of; without one it is `partial`."),
  ),
  use_stale: v.pipe(
    v.optional(duration),
    v.description(
      "A reading up to this old stands in, with `stale: true`, where the window has none; never when left out.",
    ),
  ),
  wait: v.pipe(
    v.optional(v.boolean(), false),
    v.description("An event waits until the watermark says that no reading for it is missing; else it leaves at once."),
  ),
  max_wait: v.pipe(
    v.optional(duration),
    v.description("With `wait`: longest wait on the clock; then what is followed is no longer the input alone."),
  ),
  emit_events: v.pipe(
    v.optional(v.boolean(), false),
    v.description("A SENSOR_EVENT for each reading, by `sensor_events`."),
  ),
  emit_fused_events: v.pipe(
    v.optional(v.boolean(), false),
    v.description("A FUSED_EVENT for each event that got a reading, by `fused`."),
  ),
  sensor_type: v.pipe(v.optional(text), v.description("Type of sensors that do not say theirs.")),
  site_id: v.pipe(v.optional(text), v.description("`site_id` of SENSOR_EVENTs.")),
  camera_id: v.pipe(v.optional(text), v.description("`camera_id` of SENSOR_EVENTs.")),
  lenient: v.pipe(
    v.optional(v.boolean(), false),
    v.description("A time that cannot be read is now, as the predecessor took it; else the packet is a dead letter."),
  ),
  keep: v.pipe(
    v.optional(duration, "60s"),
    v.description("Readings this far behind the watermark are forgotten; at least `window` and `use_stale`."),
  ),
  max_readings: v.pipe(
    v.optional(count(4_096), 256),
    v.description("Readings kept of a sensor; the one that came first makes room."),
  ),
  max_sensors: v.pipe(
    v.optional(count(1_024), 64),
    v.description("Sensors kept; the one that was silent longest makes room."),
  ),
  max_events: v.pipe(
    // Twice as many packets may leave in one call, and the engine holds 65,536 of one.
    v.optional(count(16_384), 1_024),
    v.description("Events that wait; the earliest leaves with what there is."),
  ),
});

export type FusionConfig = v.InferOutput<typeof fusionConfig>;
