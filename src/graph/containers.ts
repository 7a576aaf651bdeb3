import * as v from "valibot";

/** A map whose keys are read by themselves. */
export const anyMap = v.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be a map",
);
export const anyList = v.custom<unknown[]>((value) => Array.isArray(value), "must be a list");
