import { Rejected, Unavailable } from "../node/index.ts";

/** A {@link Rejected} that a server's status stands for. */
export class Refused extends Rejected {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** An {@link Unavailable} that a server's status stands for. */
class NotNow extends Unavailable {
  readonly status: number;

  constructor(message: string, status: number, retryAfterMs: number | undefined) {
    super(message, { retryAfterMs });
    this.status = status;
  }
}

/** Statuses that say "not now", to which the same request may be sent again. */
const LATER = new Set([408, 425, 429, 502, 503, 504]);
/** A server that asks for more than an hour is asked again after an hour. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Of a refusal's body this much is shown. */
const SHOWN = 256;

/**
 * The error a response stands for; undefined when the packet was taken. `held` has further statuses that mean "not
 * now", each with what a person can do about it.
 */
export function answerError(
  response: Response,
  body: string,
  action: string,
  nowMs: number,
  held: ReadonlyMap<number, string> = new Map(),
): Error | undefined {
  const { status } = response;
  if (status >= 200 && status < 300) return undefined;
  const text = body.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  const said = text === "" ? "" : `: ${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}`;
  const message = `${action}: the server answered ${status}${said}`;
  if (LATER.has(status)) return new NotNow(message, status, retryAfterMs(response, nowMs));
  const hint = held.get(status);
  if (hint !== undefined) return new NotNow(`${message}; ${hint}`, status, retryAfterMs(response, nowMs));
  if (status >= 300 && status < 400) {
    const where = whereTo(response);
    return new Refused(`${message}; redirects are not followed: send to where it points (${where})`, status);
  }
  return status < 500 ? new Refused(message, status) : Object.assign(new Error(message), { status });
}

/** Seconds, or a date; undefined when it is neither. */
export function retryAfterMs({ headers }: Response, nowMs: number): number | undefined {
  const text = headers.get("retry-after")?.trim();
  if (text === undefined || text === "") return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : dateMs(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/** Only dates as HTTP writes them, in GMT: Date.parse alone takes nearly anything. */
function dateMs(text: string): number {
  return /^[A-Z][a-z]{2,8},? .{5,30} (GMT|UTC)$/.test(text) ? Date.parse(text) : Number.NaN;
}

/** A location may hold a token in its query. */
function whereTo({ headers, url }: Response): string {
  const location = headers.get("location");
  if (location === null || !URL.canParse(location, url || undefined)) return "it does not say where";
  const { origin, pathname } = new URL(location, url || undefined);
  return (origin + pathname).slice(0, SHOWN);
}
