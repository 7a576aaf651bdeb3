import * as v from "valibot";

/** Text or number of milliseconds, or two of them: the least and the most. */
export type Range = readonly [leastMs: number, mostMs: number];

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const ms = v.pipe(v.number(), v.minValue(0), v.maxValue(3_600_000));
const status = v.pipe(v.string(), v.regex(/^[1-5]\d\d$/, "must be a status such as 503"));

/** What `POST /control` and a line of a script may change; what they do not name stays. */
export const changeSchema = v.strictObject({
  mode: v.optional(v.picklist(["up", "down", "hang", "refuse"])),
  status: v.optional(v.record(status, share)),
  latency_ms: v.optional(v.union([ms, v.tuple([ms, ms])])),
  reset: v.optional(share),
  partial: v.optional(share),
  hang: v.optional(share),
  redirect: v.optional(share),
  retry_after: v.optional(v.nullable(v.string())),
});

/** The form of a change, for help and for whoever sent another one. */
export const CHANGE_FORM =
  '{"mode":"down"} (up, down, hang), {"status":{"503":0.1,"422":0.2}} (shares of all posts, 0 to 1; {} for none), {"latency_ms":20} or {"latency_ms":[5,50]}, {"reset":0.1} and the same for partial, hang and redirect, {"retry_after":"5"} (null for none)';

export type Change = v.InferOutput<typeof changeSchema>;

/**
 * How the backend answers. `down` closes every connection without an answer, `hang` never answers, `refuse` closes
 * the port; `/stats` and `/control` are there in every mode but `refuse`. Shares are of all posts, 0 to 1.
 */
export interface Behaviour {
  mode: NonNullable<Change["mode"]>;
  status: readonly (readonly [code: number, share: number])[];
  latencyMs: Range;
  reset: number;
  partial: number;
  hang: number;
  redirect: number;
  /** Seconds or a date; goes with every answer from 400 on. */
  retryAfter: string | undefined;
}

export const HEALTHY: Behaviour = {
  mode: "up",
  status: [],
  latencyMs: [0, 0],
  reset: 0,
  partial: 0,
  hang: 0,
  redirect: 0,
  retryAfter: undefined,
};

export function changed(before: Behaviour, { status, latency_ms, retry_after, ...given }: Change): Behaviour {
  return {
    ...before,
    ...(given as Partial<Behaviour>),
    ...(status && { status: Object.entries(status).map(([code, part]) => [Number(code), part] as const) }),
    ...(latency_ms !== undefined && {
      latencyMs: typeof latency_ms === "number" ? [latency_ms, latency_ms] : latency_ms,
    }),
    ...(retry_after !== undefined && { retryAfter: retry_after ?? undefined }),
  };
}

/** What happens to one post. */
export type Fate = { what: "answer"; status: number } | { what: "reset" } | { what: "partial" } | { what: "hang" };

/** The fate of a post for a `draw` from 0 to 1. */
export function fateOf(behaviour: Behaviour, draw: number): Fate {
  const { mode, reset, partial, hang, redirect, status } = behaviour;
  if (mode === "down" || mode === "refuse") return { what: "reset" };
  if (mode === "hang") return { what: "hang" };
  let rest = draw;
  const falls = (part: number) => {
    rest -= part;
    return rest < 0;
  };
  if (falls(reset)) return { what: "reset" };
  if (falls(partial)) return { what: "partial" };
  if (falls(hang)) return { what: "hang" };
  if (falls(redirect)) return { what: "answer", status: 307 };
  for (const [code, part] of status) if (falls(part)) return { what: "answer", status: code };
  return { what: "answer", status: 200 };
}
