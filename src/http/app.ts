import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import { crossSiteGuard, hostGuard, refuse, tokenGuard } from "./guard.ts";
import type { LiveViews } from "./live_views.ts";
import { healthz } from "./routes/healthz.ts";
import { live, livePage } from "./routes/live.ts";
import { metrics } from "./routes/metrics.ts";
import { readyz } from "./routes/readyz.ts";
import { report } from "./routes/report.ts";
import type { Route, RouteContext } from "./routes/route.ts";

export interface AppOptions extends RouteContext {
  /** Asked for on every route but `/healthz`; without one the routes are open. */
  token?: string;
  /** Names the server answers to; those of loopback when left out. */
  names?: readonly string[];
  /** Answer to any IP address too, for a server that other machines reach. */
  anyAddress?: boolean;
  /** Pictures that nodes show. */
  views?: LiveViews;
  /** Reads the graph again and puts it in place; undefined when it came from no file. */
  reload?: (() => Promise<{ outcome: string }>) | undefined;
  /** Hears of a route that failed. */
  onError?(error: Error, path: string): void;
}

export const LOOPBACK_NAMES: readonly string[] = ["127.0.0.1", "localhost", "::1"];

/** No route takes a body; a kilobyte lets a client that sends `{}` along through. */
const MAX_BODY_BYTES = 1_024;

const OPEN: Record<string, Route> = { "/healthz": healthz };
const GUARDED: Record<string, Route> = { "/readyz": readyz, "/metrics": metrics, "/report": report };

/** The HTTP server's routes behind its guards, without a socket: tests call `app.request()`. */
export function createApp(options: AppOptions): Hono {
  const { token, names = LOOPBACK_NAMES, anyAddress = false, onError } = options;
  const app = new Hono();
  app.use(secureHeaders({ ...HEADERS }), async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
  });
  app.use(hostGuard({ names, anyAddress }), crossSiteGuard);
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => refuse(c, 413, "HTTP_BODY", `the body is over ${MAX_BODY_BYTES} bytes: send none`),
    }),
  );
  const guarded = { ...GUARDED, ...liveRoutes(options) };
  mount(app, OPEN, options);
  if (token !== undefined) app.use(tokenGuard(token));
  mount(app, guarded, options);
  if (options.reload !== undefined) mountReload(app, options.reload);
  const paths = [...Object.keys({ ...OPEN, ...guarded }), ...(options.reload ? ["/reload"] : [])].join(", ");
  app.notFound((c) => refuse(c, 404, "HTTP_NOT_FOUND", `there is no such page: use one of ${paths}`));
  app.onError((error, c) => {
    onError?.(error, c.req.path);
    return refuse(c, 500, "HTTP_FAILED", "this page failed: the log says why");
  });
  return app;
}

/** `POST /reload`: 200 when the graph runs as it stands in its file now, else 409 with the reason. */
function mountReload(app: Hono, reload: NonNullable<AppOptions["reload"]>) {
  app.post("/reload", async (c) => {
    const result = await reload();
    return c.json(result, result.outcome === "reloaded" || result.outcome === "unchanged" ? 200 : 409);
  });
  app.all("/reload", (c) => {
    c.header("Allow", "POST");
    return refuse(c, 405, "HTTP_METHOD", "/reload changes the run: use POST");
  });
}

function liveRoutes({ views }: AppOptions): Record<string, Route> {
  if (views === undefined) return {};
  // Until there is a page of the whole run, a browser finds what there is to see.
  const home: Route = () => (c) => c.redirect("/live");
  return { "/": home, "/live": () => livePage(views), "/live/:name{.+}": ({ clock }) => live(views, clock) };
}

const HEADERS: NonNullable<Parameters<typeof secureHeaders>[0]> = {
  contentSecurityPolicy: { defaultSrc: ["'none'"], imgSrc: ["'self'"], frameAncestors: ["'none'"] },
  xFrameOptions: "DENY",
  // The server speaks plain HTTP; a browser that kept this would lose its way back.
  strictTransportSecurity: false,
};

function mount(app: Hono, routes: Record<string, Route>, context: RouteContext) {
  for (const [path, route] of Object.entries(routes)) {
    app.get(path, route(context));
    app.all(path, (c) => {
      c.header("Allow", "GET, HEAD");
      return refuse(c, 405, "HTTP_METHOD", `${path} is only read: use GET`);
    });
  }
}
