// prometheus.ts is left out: only the metrics route needs it, and it loads a library that a plain run does not.
export * from "./catalogue.ts";
export * from "./counters.ts";
export * from "./dead_letters.ts";
export * from "./health.ts";
export * from "./histogram.ts";
export * from "./log.ts";
export * from "./progress.ts";
export * from "./redact.ts";
export * from "./report.ts";
export * from "./snapshot.ts";
