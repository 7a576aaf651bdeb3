import * as read from "./legacy_config.ts";

const notNegative = read.atLeast(0, read.number);

export const RISK_SOURCE: read.Port = {
  node: "risk_source",
  keys: {
    source_id: read.nonEmptyText,
    seed: read.integer,
    total_events: read.atLeast(0, read.integer),
    event_interval_ms: notNegative,
    groups: read.listOf(read.text),
    group_probs: (value) => read.list(value) && read.listOf(read.number)(value),
    burst_every: read.atLeast(0, read.integer),
    burst_size: read.atLeast(1, read.integer),
    recovery_marker_seq: read.atLeast(-1, read.integer),
    outage_sleep_ms: notNegative,
    emit_sleep_ms: notNegative,
    signal_scale: read.number,
  },
};

export const SLOW_SCORING: read.Port = {
  node: "slow_scoring",
  keys: {
    delay_ms: notNegative,
    jitter_ms: notNegative,
    seed: read.integer,
    group_delay_ms: read.mapOf({}, notNegative),
  },
};

export const BENCH_METRICS_SINK: read.Port = {
  node: "bench_metrics_sink",
  keys: {
    output_path: read.text,
    flush: read.boolean,
    forward: read.boolean,
    group_weights: read.mapOf({}, read.orDefault(read.number)),
  },
};
