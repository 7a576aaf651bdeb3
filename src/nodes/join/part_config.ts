import * as v from "valibot";
import { duration } from "../duration.ts";
import { celText } from "./join_key.ts";
import { FORMS } from "./joined_parts.ts";

const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
/** As many as split makes of one packet unless it is told otherwise. */
export const MAX_PARTS = 100_000;

export const partConfig = v.strictObject({
  key: v.pipe(
    v.optional(celText),
    v.description(
      "CEL expression for what the parts of one packet have in common; `meta.split.id`, or with `parts` the packet's id, when left out.",
    ),
  ),
  parts: v.pipe(
    v.optional(
      v.pipe(
        v.array(v.pipe(v.string(), v.regex(/^[A-Za-z_]\w*$/, "must be a name: letters, digits and _"))),
        v.minLength(2),
        v.maxLength(64),
      ),
    ),
    v.description("Names of input ports, one for each part; without them all parts come in by `in`."),
  ),
  count: v.pipe(
    v.optional(count(MAX_PARTS)),
    v.description("How many parts there are; `meta.split.count` when left out."),
  ),
  as: v.pipe(
    v.optional(v.picklist(FORMS), "list"),
    v.description("`{ key, parts }` with the payloads as a list or a map by name, or all payloads merged into one."),
  ),
  kind: v.pipe(v.optional(celText, "joined"), v.description("Kind of what leaves.")),
  timeout: v.pipe(
    v.optional(duration, "10s"),
    v.description("How long, on the clock, the first part waits for the others."),
  ),
  max_groups: v.pipe(
    v.optional(count(65_536), 1_024),
    v.description("Packets whose parts are waited for, and as many that are remembered as done."),
  ),
  max_packets: v.pipe(v.optional(count(1_000_000), 16_384), v.description("Parts kept over all.")),
});

export type PartConfig = v.InferOutput<typeof partConfig>;
