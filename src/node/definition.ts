import type * as v from "valibot";
import type { Meta, StreamPacket } from "../packet/index.ts";
import type { CellUse } from "./cells.ts";
import type { NodeContext } from "./context.ts";
import type { Example } from "./example.ts";
import type { PacketFailure } from "./failure.ts";
import type { Ports } from "./port.ts";

export type NodeKind = "source" | "transform" | "compute" | "policy" | "sink" | "delay" | "initial";

/** Version of the contract between the runtime and a node. `docs/plugin-api.md` has the policy. */
export const PLUGIN_API = { major: 1, minor: 2 } as const;

/** One method per output port. Call it during `process` only. */
export type Emit<Out extends string = string> = { readonly [Name in Out]: (packet: StreamPacket) => void };

/**
 * What `process` may give back: nothing when done, a promise when it goes on, or an iterator when it
 * makes many packets (the engine pulls it as room allows; each value leaves by the first output port).
 */
export type ProcessResult = void | Promise<void> | Iterator<StreamPacket> | AsyncIterator<StreamPacket>;

export interface NodeInstance<Out extends string = string> {
  /**
   * Which of several inputs a packet is taken from next: `in_turn` (so that none starves), or `as_declared`, the first
   * port that holds one.
   */
  readonly inputOrder?: "in_turn" | "as_declared";
  /** Called once before any source runs, for what takes a while to get, such as a connection. When it fails, so does the run. */
  open?(): void | Promise<void>;
  /** Called only while every output has room. `input` is the name of the input port. */
  process(packet: StreamPacket, emit: Emit<Out>, input: string): ProcessResult;
  /** Called once when the run ends, also after a failure. */
  close?(): void | Promise<void>;
  /**
   * Event time of everything that leads here has passed `watermarkMs` (milliseconds since 1970; Infinity: the input has
   * ended): no packet of an earlier time is expected. Rises from call to call. Called only while every output has room,
   * before the first packet that was taken from a source after the watermark had risen, so that the same input gives
   * the same calls.
   */
  advance?(watermarkMs: number, emit: Emit<Out>): void | Iterator<StreamPacket>;
  /** The time that {@link NodeContext.wakeAfter} asked for is over. Called only while every output has room. */
  wake?(emit: Emit<Out>): void | Iterator<StreamPacket>;
  /** Numbers for the report; names in snake_case, counters end in `_total`. */
  metrics?(): Record<string, number>;
  /**
   * Everything it knows of packets it has processed: plain values, typed arrays and packets, which it does not change later.
   * Called between two packets, while nothing of it is under way.
   */
  snapshot?(): unknown;
  /**
   * Makes safe what it took and still keeps in memory of its own, such as lines of a file: called before each checkpoint,
   * after which packets that led here do not come again. Throws an Error when it cannot: then there is no checkpoint.
   */
  flush?(): void;
  /** Before the first packet: what `snapshot` gave in an earlier run. Throws an Error when it is none of its own. */
  restore?(state: unknown): void;
}

/** What a source yields: a packet, or an array of packets (one call, many packets). */
export type SourceYield = StreamPacket | readonly StreamPacket[];

export interface SourceInstance {
  /** As of {@link NodeInstance}. */
  open?(): void | Promise<void>;
  /** Pulled only while the outputs have room. Ends when the input does or `signal` aborts. */
  run(signal: AbortSignal): Iterable<SourceYield> | AsyncIterable<SourceYield>;
  /** With this the source waits: called exactly once per packet when every descendant is done … */
  ack?(packet: StreamPacket): void;
  /** … or here when one failed. */
  nack?(packet: StreamPacket, reason: string, failure: PacketFailure): void;
  /** A nacked packet stays with the source, which tries it again: nobody else makes a dead letter of it. */
  readonly keeps?: boolean;
  close?(): void | Promise<void>;
  metrics?(): Record<string, number>;
  /**
   * Where it is in its input, so that a later run goes on there. `taken`: packets that were taken of what it has yielded
   * since it was last asked for more; everything before that was.
   */
  snapshot?(taken: number): unknown;
  restore?(state: unknown): void;
}

/** A finding of a node's own static check. `path` leads into its config. */
export interface ConfigIssue {
  path: readonly (string | number)[];
  message: string;
  hint?: string;
  /** Offset of the fault inside the string at `path`, for expressions. */
  offset?: number;
  severity?: "error" | "warning";
}

/** A file that a node reads, and where in its config the name stands. */
export interface ReadFile {
  path: readonly (string | number)[];
  file: string;
}

/** Something outside the process that only one node of a graph can use, such as a file it writes. */
export interface OwnedThing {
  /** Where in the config it is named; empty when the node itself is the reason. */
  path: readonly (string | number)[];
  /** In the words of an error, equal for the same thing: `standard input`, `file out.jsonl`. */
  what: string;
  /** A reload cannot hand it on: what the old node has read of it is gone. */
  never?: true;
}

/** The node right behind a source, as it is configured. */
export interface BehindSource {
  readonly name: string;
  readonly config: unknown;
}

/** The source's config with another node's work in it, and what that node is left to do: as a rule, let pass. */
export interface Absorbed {
  readonly config: unknown;
  readonly left: unknown;
}

export type ConfigSchema = v.GenericSchema<unknown, unknown>;

type OutputNames<Outputs> = Outputs extends (config: never) => infer Made
  ? Extract<keyof Made, string>
  : Extract<keyof Outputs, string>;

/** The instance a definition of this kind creates. */
export type Instance<Kind extends NodeKind, Out extends string = string> = Kind extends "source"
  ? SourceInstance
  : NodeInstance<Out>;

export interface NodeSpec<Kind extends NodeKind, Schema extends ConfigSchema, Outputs> {
  /** Name in graphs, snake_case; also the file's name. */
  name: string;
  kind: Kind;
  config: Schema;
  /** Fixed ports, or ports that follow from the config (`merge` has one per name it is given). */
  inputs?: Ports | ((config: v.InferOutput<Schema>) => Ports);
  /** Fixed ports, or ports that follow from the config (`route` has one per rule). The first is the default. */
  outputs?: Outputs;
  /** First sentence: what it does. The rest goes into the docs page. Markdown. */
  doc: string;
  examples: readonly Example[];
  /** Static check beyond the schema, such as expressions; runs at validation, without side effects. */
  check?(config: v.InferOutput<Schema>): readonly ConfigIssue[];
  /** Files that must be there when a run begins; `validate --strict` looks. */
  reads?(config: v.InferOutput<Schema>): readonly ReadFile[];
  /** Its effects leave the process for a place that may be away, such as a server: it gets a delivery policy. */
  outside?: boolean;
  /** A source that tells its sender when a packet is safe, such as an HTTP endpoint. */
  acknowledges?: boolean;
  /** True when it keeps something in the graph's state directory, which is made for it then. */
  keepsState?(config: v.InferOutput<Schema>): boolean;
  /** What no other node can have meanwhile; in a graph two are an error, and a reload closes one before the other opens. */
  owns?(config: v.InferOutput<Schema>, id: string): readonly OwnedThing[];
  /**
   * What leaves by an output of every kind came in as it is, payload and kind: so a check of the graph knows what that
   * may be.
   */
  passes?: boolean;
  /**
   * Version of what `snapshot` gives; a node without `snapshot` has none. State of another version is not restored, and
   * the run says so; without a version it is taken for 1.
   */
  stateVersion?: number;
  /** Cells of the graph's blackboard that it uses. */
  cells?(config: v.InferOutput<Schema>): CellUse;
  /**
   * Of a source: the configs with which it does itself what the node right behind it would do, when that comes to the
   * same packets; undefined when it does not. Asked for the only node behind it, and then for the one behind that.
   */
  absorbs?(config: v.InferOutput<Schema>, next: BehindSource): Absorbed | undefined;
  create(config: v.InferOutput<Schema>, context: NodeContext): Instance<Kind, OutputNames<Outputs>>;
}

/** A definition with its types erased, as the registry and the engine hold it. */
export interface NodeDefinition {
  readonly name: string;
  readonly kind: NodeKind;
  readonly config: ConfigSchema;
  /** Fixed input ports; empty where they follow from the config. {@link inputPorts} knows both. */
  readonly inputs: Ports;
  readonly inputsFor?: ((config: unknown) => Ports) | undefined;
  readonly outputs: (config: unknown) => Ports;
  /** Ports known without a config, for docs. */
  readonly staticOutputs: Ports | undefined;
  readonly doc: string;
  readonly examples: readonly Example[];
  readonly api: { major: number; minor: number };
  readonly check: (config: unknown) => readonly ConfigIssue[];
  readonly reads?: ((config: unknown) => readonly ReadFile[]) | undefined;
  readonly owns?: ((config: unknown, id: string) => readonly OwnedThing[]) | undefined;
  readonly outside: boolean;
  readonly acknowledges: boolean;
  readonly keepsState?: ((config: unknown) => boolean) | undefined;
  readonly passes: boolean;
  /** Undefined for a node that keeps no state. */
  readonly stateVersion: number | undefined;
  readonly cells?: ((config: unknown) => CellUse) | undefined;
  readonly absorbs?: ((config: unknown, next: BehindSource) => Absorbed | undefined) | undefined;
  readonly create: (config: unknown, context: NodeContext) => NodeInstance | SourceInstance;
}

const DEFINITION = Symbol.for("schnitzel.node_definition");

/** Declares a node. See any file in `src/nodes/` for a whole one. */
export function defineNode<
  const Kind extends NodeKind,
  Schema extends ConfigSchema,
  const Outputs extends Ports | ((config: v.InferOutput<Schema>) => Ports) = Record<never, never>,
>(spec: NodeSpec<Kind, Schema, Outputs>): NodeDefinition {
  const { inputs = {}, outputs = {} } = spec;
  return Object.freeze({
    [DEFINITION]: true,
    name: spec.name,
    kind: spec.kind,
    config: spec.config,
    inputs: typeof inputs === "function" ? {} : inputs,
    inputsFor: typeof inputs === "function" ? (inputs as (config: unknown) => Ports) : undefined,
    outputs: typeof outputs === "function" ? (outputs as (config: unknown) => Ports) : () => outputs as Ports,
    staticOutputs: typeof outputs === "function" ? undefined : (outputs as Ports),
    doc: spec.doc,
    examples: spec.examples,
    api: PLUGIN_API,
    check: (spec.check ?? (() => [])) as NodeDefinition["check"],
    reads: spec.reads as NodeDefinition["reads"],
    owns: spec.owns as NodeDefinition["owns"],
    outside: spec.outside ?? false,
    acknowledges: spec.acknowledges ?? false,
    keepsState: spec.keepsState as NodeDefinition["keepsState"],
    passes: spec.passes ?? false,
    stateVersion: spec.stateVersion,
    cells: spec.cells as NodeDefinition["cells"],
    absorbs: spec.absorbs as NodeDefinition["absorbs"],
    create: spec.create as unknown as NodeDefinition["create"],
  });
}

/** The input ports of a node with this config. */
export const inputPorts = (
  { inputs, inputsFor }: Pick<NodeDefinition, "inputs" | "inputsFor">,
  config: unknown,
): Ports => inputsFor?.(config) ?? inputs;

export function isDefinition(value: unknown): value is NodeDefinition {
  return typeof value === "object" && value !== null && DEFINITION in value;
}

export type { Meta };
