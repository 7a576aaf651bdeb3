import type { Handler } from "hono";
import type { Clock } from "../../base/clock.ts";
import type { RunSnapshot } from "../../observe/index.ts";

/** What routes see of the run. */
export interface RouteContext {
  /** Taken anew for every request. */
  snapshot(): RunSnapshot;
  /** The run report as it stands, secrets already hidden. */
  report(): object;
  clock: Clock;
  /** Resources this process has used. */
  resources(): { rssBytes: number; cpuSec: number };
}

export type Route = (context: RouteContext) => Handler;
