import type { Route } from "./route.ts";

/** `/healthz`: an answer at all means that the event loop turns. Open to all, so it says nothing else. */
export const healthz: Route = () => (c) => c.text("ok\n");
