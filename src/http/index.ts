export { type AppOptions, createApp } from "./app.ts";
export { HttpError, type HttpErrorCode } from "./error.ts";
export { checkExposure, isLoopback, type Listen, parseListen } from "./listen.ts";
export { LiveViews } from "./live_views.ts";
export type { RouteContext } from "./routes/route.ts";
export { type Served, type ServeOptions, serveHttp } from "./serve.ts";
export { checkToken, readTokenFile, type TokenFiles } from "./token.ts";
