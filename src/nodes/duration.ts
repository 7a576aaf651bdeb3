import * as v from "valibot";
import { DURATION, durationMs } from "../base/duration.ts";

/** A length of time in a node's config, as people write it; {@link durationMs} reads it. */
export const duration = v.pipe(
  v.string(),
  v.regex(DURATION, "must be a time such as 500ms, 90s, 15m, 12h or 7d"),
  v.check((text) => !DURATION.test(text) || durationMs(text) > 0, "must be longer than 0"),
);

export { durationMs };
