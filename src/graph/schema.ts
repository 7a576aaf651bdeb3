import * as v from "valibot";
import { blackboard } from "./blackboard.ts";
import { checkpoint } from "./checkpoint.ts";
import { delivery } from "./delivery.ts";
import { durable, payloadRef } from "./durable.ts";
import { eventTime } from "./event_time.ts";

const map = v.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be a map",
);
const list = v.custom<unknown[]>((value) => Array.isArray(value), "must be a list");
const text = v.pipe(v.string(), v.trim(), v.nonEmpty());

/** Kinds a graph may write; `node` is the predecessor's word for everything that is no source. */
export const WRITTEN_KINDS = ["source", "transform", "node", "compute", "policy", "sink", "delay", "initial"] as const;

/** A node's id in our graphs: dots separate it from a port, so it has none. 128 characters fit any file name. */
export const NODE_ID = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/;
/** The graph's name is a folder's name in the state directory. */
export const GRAPH_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const LISTEN = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;

/** The top of the document; nodes and edges are checked one by one. */
export const graphShape = v.strictObject({
  version: v.optional(v.pipe(v.unknown(), v.description("Always 2."))),
  name: v.optional(v.pipe(v.string(), v.regex(GRAPH_NAME), v.description("Default: the file's name."))),
  vars: v.optional(v.pipe(map, v.description("Values used as ${vars.name}."))),
  nodes: v.optional(v.pipe(list, v.description("Each begins with a dash: - { id: NAME, plugin: NODE }."))),
  edges: v.optional(v.pipe(list, v.description("Each begins with a dash: - { from: NODE, to: NODE }."))),
  ingress: v.optional(v.pipe(list, v.description("Interceptors behind sources: - { match: …, plugin: NODE }."))),
  egress: v.optional(v.pipe(list, v.description("Interceptors before sinks: - { match: …, plugin: NODE }."))),
  durable: v.optional(
    v.pipe(v.literal("sinks"), v.description("`sinks`: every edge into a sink outside this machine is durable.")),
  ),
  delivery: v.optional(
    v.pipe(delivery, v.description("Retry, timeout, circuit and rate limit of every node that reaches outside.")),
  ),
  event_time: v.optional(eventTime),
  checkpoint: v.optional(checkpoint),
  profile: v.optional(
    v.pipe(text, v.description("The profile to run with, unless --profile or SCHNITZEL_PROFILE names another.")),
  ),
  profiles: v.optional(v.pipe(map, v.description("Profiles of its own: { NAME: { runtime: …, delivery: … } }."))),
  blackboard: v.optional(blackboard),
  http: v.optional(
    v.pipe(
      v.strictObject({
        listen: v.pipe(v.string(), v.regex(LISTEN), v.description("Address and port, such as 127.0.0.1:7077.")),
      }),
      v.description("Such as { listen: 127.0.0.1:7077 }."),
    ),
  ),
});

export const nodeShape = v.strictObject({
  id: v.optional(v.pipe(text, v.description("Name in edges, metrics and messages."))),
  node_id: v.optional(v.pipe(text, v.description("Same as id."))),
  plugin: v.pipe(text, v.description("Name of a built-in node, or file:Export of a plugin.")),
  kind: v.optional(v.pipe(v.picklist(WRITTEN_KINDS), v.description("May be left out; must agree with the node."))),
  // Read by themselves; they stand here so that messages and suggestions know them.
  config: v.optional(v.unknown()),
  runtime: v.optional(v.unknown()),
});

const inRuntime = (key: string) => `it belongs in the node's runtime: runtime: { ${key}: … }`;
const ONLY_USED = "only a file that nodes bring in with use has it, and such a file does not run by itself";
const inInbox = (key: string) => `write inbox: { ${key}: … }`;

/** What to do about keys that stand in the wrong place, or have another name here than elsewhere; `*`: all others. */
export const STRAY_KEYS: Record<"graph" | "node" | "runtime", Readonly<Record<string, string>>> = {
  graph: {
    use: "it stands at a node: nodes: [{ id: NAME, use: FILE, with: { … } }]",
    parameters: ONLY_USED,
    ports: ONLY_USED,
    "*": "values of your own belong in vars, remarks behind a #",
  },
  node: {
    name: "write id",
    type: "write plugin",
    with: "values for a file stand beside use: { id: NAME, use: FILE, with: { … } }",
    ...Object.fromEntries(
      [
        "inbox",
        "concurrency",
        "ordered",
        "on_error",
        "max_retries",
        "max_hops",
        "restart",
        "delivery",
        "event_time",
      ].map((key) => [key, inRuntime(key)]),
    ),
    inputs: "edges say where packets come from: edges: [{ from: NODE, to: NODE }]",
    ingress:
      "interceptors stand at the top of the graph, and match says where: ingress: [{ match: { node: ID }, plugin: NODE }]",
    egress:
      "interceptors stand at the top of the graph, and match says where: egress: [{ match: { node: ID }, plugin: NODE }]",
    "*": "a node's own settings belong in its config: config: { … }",
  },
  runtime: {
    capacity: inInbox("capacity"),
    max_bytes: inInbox("max_bytes"),
    overflow: inInbox("overflow"),
    weights: inInbox("weights"),
    inbox_max: inInbox("capacity"),
    inbox_overflow: inInbox("overflow"),
    profile:
      "a profile holds for a whole graph: profile: NAME at its top, or --profile NAME; what it says of single nodes stands in its nodes: [{ match: … }]",
  },
};

const end = (doc: string) => v.optional(v.pipe(text, v.description(doc)));

export const edgeShape = v.strictObject({
  from: end("Node id, or node.port."),
  src: end("Same as from."),
  to: end("Node id, or node.port."),
  dst: end("Same as to."),
  from_port: end("Output port; default the first."),
  src_port: end("Same as from_port."),
  to_port: end("Input port; default the only one."),
  dst_port: end("Same as to_port."),
  durable: v.optional(v.pipe(durable, v.description("Keeps packets on disk until they are delivered."))),
  payload_ref: v.optional(
    v.pipe(payloadRef, v.description("Keeps large payloads of a durable edge in files of their own.")),
  ),
});

/** First name wins where both stand, as it did in the predecessor. */
export const NODE_ALIASES = [["id", "node_id"]] as const;
export const EDGE_ALIASES = [
  ["src", "from"],
  ["dst", "to"],
  ["src_port", "from_port"],
  ["dst_port", "to_port"],
] as const;

/** Keys of the language whose part of the runtime is not built yet, and what they will do. */
export const NOT_BUILT_IN_YET: Record<"graph" | "node" | "runtime" | "edge", Readonly<Record<string, string>>> = {
  graph: {
    placement: "graphs on several machines",
    mesh: "graphs on several machines",
  },
  node: {
    placement: "graphs on several machines",
    network: "which hosts a node may reach",
  },
  runtime: {
    offload: "nodes in workers",
    isolation: "plugins in their own process",
  },
  edge: { inbox: "bounds per edge" },
};
