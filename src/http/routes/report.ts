import type { Route } from "./route.ts";

/** `/report`: the run report as it would be printed now. */
export const report: Route = (context) => (c) => c.json(context.report());
