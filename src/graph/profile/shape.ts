import * as v from "valibot";
import { delivery } from "../delivery.ts";
import { durableShape } from "../durable.ts";
import { eventTime } from "../event_time.ts";
import { runtimeShape } from "../runtime.ts";

const text = v.pipe(v.string(), v.trim(), v.nonEmpty());

/** What of a node's runtime says how much and how many at once; the rest says what happens to packets. */
const { inbox, concurrency } = runtimeShape.entries;
const knobs = v.strictObject({ inbox, concurrency });

const { max_bytes, min_free, backoff_ms, backoff_max_ms, drain_rate } = durableShape.entries;

const amount = v.optional(v.union([v.number(), v.string(), v.boolean()]));
/** Keys of a node's config that say how fast and with how much, whatever the node; the node's own schema checks them. */
const config = v.strictObject({
  ...{ fps: amount, max_fps: amount, target_fps: amount },
  ...{ backend: amount, workers: amount, threads: amount, batch: amount, queue: amount },
});

const oneOrMore = v.union([text, v.pipe(v.array(text), v.minLength(1))]);

export const selectedShape = v.strictObject({
  match: v.pipe(
    v.strictObject({
      node: v.optional(v.pipe(oneOrMore, v.description("Ids, with * and ?: yard/*, or a list."))),
      plugin: v.optional(v.pipe(oneOrMore, v.description("Plugin names, or a list."))),
    }),
    v.description("Which nodes."),
  ),
  runtime: v.optional(v.pipe(knobs, v.description("Over what the node says."))),
  config: v.optional(v.pipe(config, v.description("Over what the node says."))),
});

/** One of `profiles:`. */
export const profileShape = v.strictObject({
  description: v.optional(v.pipe(v.string(), v.description("What it is for."))),
  extends: v.optional(v.pipe(text, v.description("A profile whose values hold where this one says nothing."))),
  runtime: v.optional(v.pipe(knobs, v.description("Of every node, where it says nothing itself."))),
  durable: v.optional(
    v.pipe(
      v.strictObject({ max_bytes, min_free, backoff_ms, backoff_max_ms, drain_rate }),
      v.description("Of every durable edge, where it says nothing itself."),
    ),
  ),
  delivery: v.optional(v.pipe(delivery, v.description("Over the graph's delivery; not over a node's own."))),
  event_time: v.optional(eventTime),
  checkpoint: v.optional(
    v.pipe(v.strictObject({ interval: text }), v.description("Where the graph itself asks for checkpoints.")),
  ),
  nodes: v.optional(v.pipe(v.array(selectedShape), v.description("Nodes that are told something of their own."))),
});

const MEANING = "it changes what the graph does, and a profile only changes how it runs: write it in the graph";

/** Why keys of the language may not stand in a profile. */
export const STRAY_IN_PROFILE: Readonly<Record<string, string>> = {
  vars: "values of your own belong in vars of the graph; --set changes them",
  config: "a profile reaches configs node by node: nodes: [{ match: { node: ID }, config: { fps: 5 } }]",
  ...Object.fromEntries(["edges", "http", "name", "ingress", "egress", "blackboard"].map((key) => [key, MEANING])),
};
