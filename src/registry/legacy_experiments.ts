import {
  atLeast,
  boolean,
  integer,
  list,
  listOf,
  mapOf,
  nonEmptyText,
  number,
  orDefault,
  type Port,
  text,
} from "./legacy_config.ts";

const notNegative = atLeast(0, number);

export const RISK_SOURCE: Port = {
  node: "risk_source",
  keys: {
    source_id: nonEmptyText,
    seed: integer,
    total_events: atLeast(0, integer),
    event_interval_ms: notNegative,
    groups: listOf(text),
    group_probs: (value) => list(value) && listOf(number)(value),
    burst_every: atLeast(0, integer),
    burst_size: atLeast(1, integer),
    recovery_marker_seq: atLeast(-1, integer),
    outage_sleep_ms: notNegative,
    emit_sleep_ms: notNegative,
    signal_scale: number,
  },
};

export const SLOW_SCORING: Port = {
  node: "slow_scoring",
  keys: {
    delay_ms: notNegative,
    jitter_ms: notNegative,
    seed: integer,
    group_delay_ms: mapOf({}, notNegative),
  },
};

export const BENCH_METRICS_SINK: Port = {
  node: "bench_metrics_sink",
  keys: { output_path: text, flush: boolean, forward: boolean, group_weights: mapOf({}, orDefault(number)) },
};
