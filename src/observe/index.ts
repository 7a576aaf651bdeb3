export * from "./counters.ts";
export * from "./dead_letters.ts";
export * from "./histogram.ts";
export * from "./snapshot.ts";
