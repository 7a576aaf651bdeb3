import { readiness } from "../../observe/index.ts";
import type { Route } from "./route.ts";

/** `/readyz`: 200 while the run does its work, else 503 with the reasons. */
export const readyz: Route =
  ({ snapshot, clock }) =>
  (c) => {
    const run = snapshot();
    const { ready, reasons } = readiness(run, clock.monotonicMs());
    return c.json({ ready, state: run.state, status: run.status, reasons }, ready ? 200 : 503);
  };
