import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { Refusal } from "./refusal.ts";

export interface GateOptions {
  path: string;
  methods: readonly string[];
  token?: string | undefined;
  /** Only this machine reaches the server. */
  loopback: boolean;
}

/** Says whether a request may come in at all; looks at its head only. Throws a {@link Refusal}. */
export function gate({ path, methods, token, loopback }: GateOptions): (request: Request) => void {
  const digest = token === undefined ? undefined : sha256(token);
  const allow = methods.join(", ");
  return (request) => {
    const { method, headers } = request;
    if (digest !== undefined) checkToken(headers, digest);
    else checkOrigin(headers, loopback);
    if (pathOf(request) !== path) throw new Refusal(404, "NO_SUCH_PATH", `nothing is here: send to ${path}`);
    if (methods.includes(method)) return;
    throw new Refusal(405, "METHOD", `${method} is not taken here: use ${allow}`, { Allow: allow });
  };
}

/** Without building a URL, which costs more than everything else here. */
function pathOf({ url }: Request): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

const sha256 = (text: string) => createHash("sha256").update(text).digest();

/** In constant time; hashing first makes the lengths equal and hides them. */
function checkToken(headers: Headers, expected: Buffer) {
  const [, given] = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(headers.get("authorization") ?? "") ?? [];
  if (given !== undefined && timingSafeEqual(sha256(given), expected)) return;
  const fact = given === undefined ? "this needs a token" : "the token is not the one this server has";
  throw new Refusal(401, "UNAUTHORIZED", `${fact}: send "Authorization: Bearer <token>"`, {
    "WWW-Authenticate": 'Bearer realm="schnitzel"',
  });
}

/**
 * A page in this machine's browser reaches loopback too, so without a token it must not look like one: pages of other
 * sites send an Origin, and one that pointed its own name at this machine sends that name as Host.
 */
function checkOrigin(headers: Headers, loopback: boolean) {
  const site = headers.get("sec-fetch-site");
  if (headers.has("origin") || (site !== null && site !== "none")) {
    throw new Refusal(403, "CROSS_SITE", "pages in a browser may not send here without a token: set one");
  }
  const host = (headers.get("host") ?? "").replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1");
  if (!loopback || isIP(host) !== 0 || host.toLowerCase() === "localhost") return;
  throw new Refusal(421, "HOST", `this server does not answer to the name "${host.slice(0, 80)}": use 127.0.0.1`);
}
