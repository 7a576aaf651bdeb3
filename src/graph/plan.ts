import type { CellValue, DeliveryOptions, NodeDefinition } from "../node/index.ts";
import type { Place } from "./diagnostic.ts";

export type Overflow = "block" | "drop_newest" | "drop_oldest" | "fail" | "weighted_drop";

/** The bound of one input port. */
export interface InboxLimits {
  /** Packets. */
  capacity: number;
  /** Bytes, estimated from the payload. */
  max_bytes: number;
  overflow: Overflow;
  /** For `weighted_drop`: the queued packet with the lowest weight goes first, the oldest of them. */
  weights?: { key: string; values: Readonly<Record<string, number>>; fallback: number };
}

/** Why 256: at 1 kB a packet an inbox holds 256 kB, and a burst of a quarter second at 1,000/s fits. */
export const DEFAULT_CAPACITY = 256;
/** Why 64 MiB: ten 1080p RGB frames, or 256 packets of 256 KiB. */
export const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/** Why 1,000: retries and iterations that help at all have helped by then, and a loop of 1 s has run a quarter hour. */
export const DEFAULT_MAX_HOPS = 1_000;

export type OnError = "dead_letter" | "retry" | "drop" | "fail";

export interface RuntimeOptions {
  inbox: InboxLimits;
  /** Packets of an async node in flight at once. */
  concurrency: number;
  /** True: results of an async node leave in the order their packets came in. */
  ordered: boolean;
  on_error: OnError;
  /** For `on_error: retry`: further attempts before the packet is a dead letter. */
  max_retries: number;
  /** How packets are delivered to a place that may be away; absent: `process` is called once. */
  delivery?: DeliveryOptions;
  /** Of a node of kind delay or initial: how often a packet may go round its cycles; absent: {@link DEFAULT_MAX_HOPS}. */
  max_hops?: number | "off";
  /** Of a source, what differs from the graph's. */
  event_time?: Partial<EventTimeOptions>;
  /** Restarts of a source that threw. */
  restart: { max_restarts: number; window_sec: number; backoff_ms: number; backoff_max_ms: number };
}

/** How long event time waits for what comes late, and for who is silent. */
export interface EventTimeOptions {
  max_delay_ms: number;
  idle_ms: number;
}

/** 5 s: networks and clocks in step. 30 s: sensors that tell every ten seconds miss two reports. */
export const DEFAULT_EVENT_TIME: EventTimeOptions = { max_delay_ms: 5_000, idle_ms: 30_000 };

/** How a durable edge keeps its packets. Bytes, milliseconds, packets per second. */
export interface DurableOptions {
  /** As written; undefined: a file of the state directory. */
  path?: string;
  durability: "full" | "relaxed";
  partition_by: string;
  ordered: boolean;
  max_bytes: number;
  max_age_ms?: number;
  min_free: number;
  overflow: "block" | "drop_newest" | "drop_oldest";
  max_attempts: number;
  backoff_ms: number;
  backoff_max_ms: number;
  remember_ms: number;
  drain_rate?: number;
  order: "oldest_first" | "live_first";
}

export interface PlanNode {
  /** Position in `GraphPlan.nodes`, which is declaration order. */
  readonly index: number;
  readonly id: string;
  readonly definition: NodeDefinition;
  /** Validated, defaults filled in. */
  readonly config: unknown;
  readonly runtime: RuntimeOptions;
  /** Output ports of this config, the default first. */
  readonly outputs: readonly string[];
  readonly inputs: readonly string[];
  readonly origin: "built_in" | { file: string; sha256: string };
  /** Id of the source that does this node's work; undefined when the node does it. */
  readonly absorbedInto?: string;
  /** What its id begins with when it stands in a file that another node brings in: `yard/`. */
  readonly scope?: string;
  /** Where relative paths in its config start, from `GraphPlan.baseDir`; undefined: there. */
  readonly folder?: string;
  /** Of an interceptor: id of the source it stands behind, or of the sink it stands before. */
  readonly intercepts?: string;
  readonly place: Place;
}

export interface PlanEdge {
  readonly index: number;
  readonly from: number;
  readonly fromPort: string;
  readonly to: number;
  readonly toPort: string;
  readonly durable?: DurableOptions;
  /** Payloads of more bytes go into the blob store, and the packet carries a reference. */
  readonly payloadRefOver?: number;
  /** It closes a cycle: it leads into a node of kind delay or initial from nodes behind that. It never blocks. */
  readonly feedback?: boolean;
  readonly place: Place;
}

export type CellType = "number" | "string" | "boolean" | "object" | "list" | "schema";

/** A cell of the blackboard. */
export interface CellPlan {
  readonly name: string;
  /** `schema`: what {@link misfit} says. */
  readonly type: CellType;
  /** JSON Schema of its values. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** Why a value does not fit the schema; the same function for the same schema. */
  readonly misfit?: (value: unknown) => string | undefined;
  readonly initial?: CellValue;
  /** Of a value as JSON. */
  readonly max_bytes: number;
  readonly ttl_ms?: number;
  readonly persist: boolean;
  /** Ids of the nodes that use it. */
  readonly readers: readonly string[];
  readonly writers: readonly string[];
}

/** So much is done again after a crash, and so often a small disk is written to. */
export const DEFAULT_CHECKPOINT_MS = 1_000;

/** A validated, frozen graph: the only thing the engine runs. */
export interface GraphPlan {
  readonly name: string;
  /** As the user gave it, or `<demo>`. */
  readonly path: string;
  /** Where relative paths start. */
  readonly baseDir: string;
  /** Read with the predecessor's rules. */
  readonly compat: boolean;
  /** The profile it runs with; undefined: none. */
  readonly profile?: string;
  /** sha256 of the text, and of those of the files that nodes bring in; hex. */
  readonly hash: string;
  /** The files it was read from, absolute: its own, unless it came from elsewhere, then those that nodes bring in. */
  readonly files: readonly string[];
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
  /** Rank of each node (by index): every edge that is no feedback leads from a lower to a higher rank. */
  readonly ranks: readonly number[];
  /** Of all sources; what is left out is {@link DEFAULT_EVENT_TIME}. */
  readonly event_time?: Partial<EventTimeOptions>;
  /** How often state is kept; false: never. Undefined: where something comes again that it is made of. */
  readonly checkpoint?: { readonly interval_ms: number } | false;
  /** In the order of the file; absent when the graph has none. */
  readonly cells?: readonly CellPlan[];
  readonly http?: { readonly listen: string };
}
