import {
  between,
  boolean,
  integer,
  listOf,
  nonEmptyText,
  number,
  orDefault,
  type Port,
  text,
} from "./legacy_config.ts";

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
