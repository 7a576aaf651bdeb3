export type { DurableHost } from "./durable/edges.ts";
export { linkName } from "./durable/link.ts";
export { Engine } from "./engine.ts";
export { EVENT_TIME_METRICS } from "./event_time/metrics.ts";
export { DEFAULT_DRAIN_MS, type Host, type RunOptions, type SourceTap } from "./host.ts";
export type { ReloadOptions, ReloadOutcome, ReloadResult } from "./reload/reloads.ts";
export { packetBudget, type ThrottlePolicy, timeBudget } from "./throttle.ts";
export { newHeart, startWatchdog, type Watchdog, whileOutside } from "./watchdog.ts";
