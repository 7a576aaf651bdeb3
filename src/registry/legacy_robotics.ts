import * as read from "./legacy_config.ts";

const any = Number.POSITIVE_INFINITY;

export const PERSON_FOLLOW: read.Port = {
  node: "person_follow",
  keys: {
    output_kind: read.nonEmptyText,
    source_id: read.nonEmptyText,
    person_class_ids: read.listOf(read.integer),
    person_class_names: read.listOf(read.text),
    min_confidence: read.between(0, 1),
    target_select: read.text,
    desired_height_ratio: read.between(0.01, 0.99),
    height_ratio_tolerance: read.between(0, 0.5),
    linear_kp: read.orDefault(read.number),
    angular_kp: read.orDefault(read.number),
    max_linear: read.between(0, any),
    min_linear: read.between(0, any),
    max_angular: read.between(0, any),
    center_error_for_linear: read.between(0, 1),
    allow_reverse: read.boolean,
    default_frame_width: read.orDefault(read.integer),
    default_frame_height: read.orDefault(read.integer),
  },
  fixed: { python_numbers: true },
};
