import { isIP } from "node:net";
import type { Context, MiddlewareHandler } from "hono";
import { tokenMatches } from "./token.ts";

/** A refusal, as every error of this server: a stable code and a sentence that says what to do. */
export function refuse(
  c: Context,
  status: 400 | 401 | 403 | 404 | 405 | 413 | 421 | 500 | 503,
  code: string,
  message: string,
) {
  return c.json({ code, message }, status);
}

/**
 * Answers only to its own names, which stops DNS rebinding: a page elsewhere can point its name at
 * this machine, but cannot send another Host. An address cannot be rebound, so `anyAddress` lets it in.
 */
export function hostGuard({ names, anyAddress }: { names: readonly string[]; anyAddress: boolean }): MiddlewareHandler {
  const allowed = new Set(names.map((name) => name.toLowerCase()));
  return async (c, next) => {
    const name = hostName(c.req.header("host"));
    if (allowed.has(name) || (anyAddress && isIP(name) !== 0)) return next();
    return refuse(c, 421, "HTTP_HOST", `this server does not answer to the name "${name}": use ${names.join(", ")}`);
  };
}

/** Refuses requests that a page of another origin made; same-origin pages and tools pass. */
export const crossSiteGuard: MiddlewareHandler = async (c, next) => {
  const origin = c.req.header("origin");
  const site = c.req.header("sec-fetch-site");
  const foreignOrigin = origin !== undefined && originHost(origin) !== c.req.header("host")?.toLowerCase();
  const foreignSite = site !== undefined && site !== "same-origin" && site !== "none";
  if (!foreignOrigin && !foreignSite) return next();
  return refuse(c, 403, "HTTP_CROSS_SITE", "pages of other sites may not use this server: call it from a tool");
};

/** Asks for `Authorization: Bearer <token>`; a browser asks its user, who types the token as the password. */
export function tokenGuard(token: string): MiddlewareHandler {
  return async (c, next) => {
    const given = givenToken(c.req.header("authorization") ?? "");
    if (given !== undefined && tokenMatches(given, token)) return next();
    // Basic first: Chromium reads the first of several in one header, and for Bearer it does not ask its user.
    c.header("WWW-Authenticate", 'Basic realm="schnitzel", Bearer realm="schnitzel"');
    const fact =
      given === undefined ? "this page needs a token" : "the token is not the one this server was started with";
    return refuse(c, 401, "HTTP_UNAUTHORIZED", `${fact}: send "Authorization: Bearer <token>"`);
  };
}

function givenToken(header: string): string | undefined {
  const [, bearer] = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(header) ?? [];
  const [, basic] = /^Basic ([A-Za-z0-9+/=]{1,8192})$/i.exec(header) ?? [];
  if (basic === undefined) return bearer;
  return /^[^:]*:(.*)$/s.exec(Buffer.from(basic, "base64").toString())?.[1];
}

/** The name in a Host header, lower case, without port and brackets; empty when there is none. */
function hostName(host = ""): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1");
}

/** Host and port of an origin as a Host header has them; `null` and nonsense give undefined. */
function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host || undefined : undefined;
}
