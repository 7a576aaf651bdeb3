import { boolean, integer, nonEmptyText, number, orDefault, type Port, type Reading, text } from "./legacy_config.ts";

/** A list, or its items in one text with commas between them. */
const listOf =
  (item: Reading): Reading =>
  (value) => {
    const items = typeof value === "string" ? value.split(",").map((one) => one.trim()) : value;
    if (!Array.isArray(items)) return items;
    return items.filter((one) => one !== "").map(item);
  };

/** It moved a number that was out of bounds to the nearest one. */
const between =
  (least: number, most: number): Reading =>
  (value) => {
    const read = orDefault(number)(value);
    return typeof read === "number" ? Math.min(most, Math.max(least, read)) : read;
  };

const any = Number.POSITIVE_INFINITY;

export const PERSON_FOLLOW: Port = {
  node: "person_follow",
  keys: {
    output_kind: nonEmptyText,
    source_id: nonEmptyText,
    person_class_ids: listOf(integer),
    person_class_names: listOf(text),
    min_confidence: between(0, 1),
    target_select: text,
    desired_height_ratio: between(0.01, 0.99),
    height_ratio_tolerance: between(0, 0.5),
    linear_kp: orDefault(number),
    angular_kp: orDefault(number),
    max_linear: between(0, any),
    min_linear: between(0, any),
    max_angular: between(0, any),
    center_error_for_linear: between(0, 1),
    allow_reverse: boolean,
    default_frame_width: orDefault(integer),
    default_frame_height: orDefault(integer),
  },
  fixed: { python_numbers: true },
};
