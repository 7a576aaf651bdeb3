import * as v from "valibot";
import { delivery, type ReadRuntime } from "./delivery.ts";
import { byteSize } from "./durable.ts";
import { eventTime, eventTimeOptions } from "./event_time.ts";
import { DEFAULT_CAPACITY, DEFAULT_MAX_BYTES, type InboxLimits, type Overflow } from "./plan.ts";

/** Also what an unbounded inbox of the predecessor gets: lossless, as producers wait when it is full. */
export const MAX_CAPACITY = 65_536;
/** Why a billion: more rounds than that are no bound, and `off` says so. */
const MAX_MAX_HOPS = 1_000_000_000;

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const notNegative = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Both spellings of what a full inbox does; the predecessor's are `drop_new` and `error`. */
const OVERFLOW: Record<string, Overflow> = {
  block: "block",
  drop_newest: "drop_newest",
  drop_new: "drop_newest",
  drop_oldest: "drop_oldest",
  fail: "fail",
  error: "fail",
  weighted_drop: "weighted_drop",
};

const inboxShape = v.strictObject({
  capacity: v.optional(
    v.pipe(positive, v.maxValue(MAX_CAPACITY), v.description("Packets; default 256, at most 65,536.")),
  ),
  max_bytes: v.optional(v.pipe(byteSize, v.description("Bytes of payload, such as 64MiB (the default)."))),
  overflow: v.optional(
    v.pipe(v.picklist(Object.keys(OVERFLOW)), v.description("What happens when it is full; default block.")),
  ),
  weights: v.optional(
    v.strictObject({
      key: v.pipe(v.string(), v.nonEmpty(), v.description("Looked up in meta, then in the payload.")),
      values: v.pipe(v.record(v.string(), v.number()), v.description("Weight of each value; the lowest goes first.")),
      fallback: v.optional(v.pipe(v.number(), v.description("Weight of every other value; default 1."))),
    }),
  ),
});

/** `runtime:` of a node. */
export const runtimeShape = v.strictObject({
  inbox: v.optional(inboxShape),
  concurrency: v.optional(
    v.pipe(positive, v.maxValue(1_024), v.description("Packets of an async node in flight at once; default 1.")),
  ),
  ordered: v.optional(
    v.pipe(v.boolean(), v.description("What the node emits leaves in the order packets came in; default true.")),
  ),
  on_error: v.optional(
    v.pipe(v.picklist(["dead_letter", "retry", "drop", "fail"]), v.description("Default dead_letter.")),
  ),
  max_retries: v.optional(v.pipe(notNegative, v.maxValue(100), v.description("For on_error: retry; default 3."))),
  delivery: v.optional(
    v.pipe(delivery, v.description("Retry, timeout, circuit and rate limit; on for nodes that reach outside.")),
  ),
  max_hops: v.optional(
    v.pipe(
      v.union([v.pipe(positive, v.maxValue(MAX_MAX_HOPS)), v.literal("off")]),
      v.description("Of a delay or initial: how often a packet may go round its cycles; default 1,000, or off."),
    ),
  ),
  event_time: v.optional(eventTime),
  restart: v.optional(
    v.strictObject({
      max_restarts: v.optional(
        v.pipe(notNegative, v.description("Restarts of a failed source per window; default 0.")),
      ),
      window_sec: v.optional(v.pipe(v.number(), v.gtValue(0), v.description("Default 60."))),
      backoff_ms: v.optional(v.pipe(positive, v.description("First wait, doubled each time; default 500."))),
      backoff_max_ms: v.optional(v.pipe(positive, v.description("Default 30,000."))),
    }),
  ),
});

/** `config.__runtime__`, the predecessor's name for it, with the predecessor's keys as well. */
export const runtimeAliasShape = v.strictObject({
  ...runtimeShape.entries,
  inbox_max: v.optional(v.pipe(positive, v.maxValue(MAX_CAPACITY))),
  inbox_overflow: v.optional(v.picklist(Object.keys(OVERFLOW))),
  overflow_weight_key: v.optional(v.pipe(v.string(), v.nonEmpty())),
  overflow_weights: v.optional(v.record(v.string(), v.number())),
  overflow_default_weight: v.optional(v.number()),
});

/** The predecessor's weights when it names none. */
export const LEGACY_WEIGHT_KEY = "group_id";

/** Runtime options with the defaults filled in, but for `delivery`. */
export function runtimeOptions(given: v.InferOutput<typeof runtimeAliasShape> = {}): ReadRuntime {
  return {
    ...(given.delivery === undefined ? {} : { delivery: given.delivery }),
    ...(given.event_time === undefined ? {} : { event_time: eventTimeOptions(given.event_time) }),
    inbox: inboxLimits(given),
    concurrency: given.concurrency ?? 1,
    ordered: given.ordered ?? true,
    on_error: given.on_error ?? "dead_letter",
    max_retries: given.max_retries ?? 3,
    ...(given.max_hops === undefined ? {} : { max_hops: given.max_hops }),
    restart: {
      // None unless asked for: a source that starts over sends what it already sent.
      max_restarts: given.restart?.max_restarts ?? 0,
      window_sec: given.restart?.window_sec ?? 60,
      backoff_ms: given.restart?.backoff_ms ?? 500,
      backoff_max_ms: given.restart?.backoff_max_ms ?? 30_000,
    },
  };
}

function inboxLimits(given: v.InferOutput<typeof runtimeAliasShape>): InboxLimits {
  const inbox = given.inbox ?? {};
  const limits: InboxLimits = {
    capacity: inbox.capacity ?? given.inbox_max ?? DEFAULT_CAPACITY,
    max_bytes: inbox.max_bytes ?? DEFAULT_MAX_BYTES,
    overflow: OVERFLOW[inbox.overflow ?? given.inbox_overflow ?? "block"]!,
  };
  if (limits.overflow !== "weighted_drop") return limits;
  return {
    ...limits,
    weights: {
      key: inbox.weights?.key ?? given.overflow_weight_key ?? LEGACY_WEIGHT_KEY,
      values: inbox.weights?.values ?? given.overflow_weights ?? {},
      fallback: inbox.weights?.fallback ?? given.overflow_default_weight ?? 1,
    },
  };
}
