import { METRICS_CONTENT_TYPE, metricsText } from "../../observe/prometheus.ts";
import type { Route } from "./route.ts";

/** `/metrics`: the Prometheus text format; the names are in docs/metrics.md. */
export const metrics: Route =
  ({ snapshot, clock, resources }) =>
  async (c) => {
    const text = await metricsText(snapshot(), { monotonicMs: clock.monotonicMs(), ...resources() });
    return c.body(text, 200, { "Content-Type": METRICS_CONTENT_TYPE });
  };
