import * as v from "valibot";
import { DURATION, durationMs } from "../base/duration.ts";
import type { EventTimeOptions } from "./plan.ts";

const time = v.pipe(v.string(), v.regex(DURATION, "must be a time such as 500ms, 5s or 1h"), v.transform(durationMs));

const eventTimeShape = v.strictObject({
  max_delay: v.optional(
    // A day: sources that are later than that are not waited for.
    v.pipe(
      time,
      v.maxValue(86_400_000, "must be 1d at most"),
      v.description("How much later than others a packet may come; default 5s."),
    ),
  ),
  idle: v.optional(
    v.pipe(
      time,
      v.minValue(1, "must be longer than 0"),
      v.description("A source that is silent for longer is not waited for; default 30s."),
    ),
  ),
});

/** `event_time:` of a graph or of a source's runtime. */
export const eventTime = v.pipe(eventTimeShape, v.description("Such as { max_delay: 5s, idle: 30s }, the defaults."));

/** Only what is written. */
export function eventTimeOptions({ max_delay, idle }: v.InferOutput<typeof eventTime> = {}): Partial<EventTimeOptions> {
  return {
    ...(max_delay === undefined ? {} : { max_delay_ms: max_delay }),
    ...(idle === undefined ? {} : { idle_ms: idle }),
  };
}
