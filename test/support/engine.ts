import * as v from "valibot";
import { seededRandom } from "../../src/base/random.ts";
import { Engine, type Host, type RunOptions } from "../../src/engine/index.ts";
import { breaksCycles, rankLoops } from "../../src/graph/loops.ts";
import type { GraphPlan, InboxLimits, RuntimeOptions } from "../../src/graph/plan.ts";
import {
  ABSENT,
  ANY,
  type CellUse,
  diskFiles,
  type Emit,
  type NodeContext,
  type NodeDefinition,
  type NodeInstance,
  type NodeKind,
  type ProcessResult,
  port,
  type SourceInstance,
} from "../../src/node/index.ts";
import type { DeadLetter, RunSnapshot } from "../../src/observe/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { type VirtualClock, virtualClock } from "./clock.ts";
import { type TestNetwork, testNetwork } from "./network.ts";
import { packet } from "./node.ts";

export interface TestRuntime extends Partial<Omit<RuntimeOptions, "inbox" | "restart">> {
  inbox?: Partial<InboxLimits>;
  restart?: Partial<RuntimeOptions["restart"]>;
}

/** A node of a test graph: what its definition says and how it runs. */
export interface TestNode {
  id: string;
  kind: NodeKind;
  inputs: readonly string[];
  outputs: readonly string[];
  runtime: TestRuntime;
  /** A source whose senders wait for its answer. */
  acknowledges?: boolean;
  stateVersion?: number;
  /** Cells of the blackboard that it declares. */
  cells?: CellUse;
  /** What no other node can have meanwhile. */
  owns?: readonly string[];
  create(context: NodeContext): NodeInstance | SourceInstance;
}

type Options = Partial<Omit<TestNode, "id">>;
type Process = (packet: StreamPacket, emit: Emit<string>, input: string) => ProcessResult;

/** A source whose `run` is given, or the packets it yields one by one. */
export function source(
  id: string,
  run: SourceInstance["run"] | Iterable<StreamPacket>,
  { ack, nack, close, ...options }: Options & Partial<SourceInstance> = {},
): TestNode {
  const instance = { run: typeof run === "function" ? run : () => run } as SourceInstance;
  Object.assign(instance, ack && { ack }, nack && { nack }, close && { close });
  return { id, kind: "source", inputs: [], outputs: ["out"], runtime: {}, create: () => instance, ...options };
}

/** A node; without `process` it passes every packet on. */
export function node(
  id: string,
  process: Process = (one, emit) => emit.out!(one),
  { close, metrics, ...options }: Options & Partial<NodeInstance> = {},
): TestNode {
  const instance = { process } as NodeInstance;
  Object.assign(instance, close && { close }, metrics && { metrics });
  return { id, kind: "transform", inputs: ["in"], outputs: ["out"], runtime: {}, create: () => instance, ...options };
}

export interface TestSink extends TestNode {
  readonly got: StreamPacket[];
  /** Ids of what came, in order. */
  readonly ids: string[];
}

/** A sink that keeps what it gets. */
export function sink(id: string, runtime: TestRuntime = {}, options: Options = {}): TestSink {
  const got: StreamPacket[] = [];
  const ids: string[] = [];
  const keep: Process = (one) => {
    got.push(one);
    ids.push(one.packet_id);
  };
  return { ...node(id, keep, { kind: "sink", outputs: [], runtime, ...options }), got, ids };
}

/** Packets `<name>0`, `<name>1` …; the name is their source as well. */
export function packets(count: number, name = "p"): StreamPacket[] {
  return Array.from({ length: count }, (_, at) => packet({ packet_id: `${name}${at}`, source_id: name, payload: at }));
}

/** A plan from nodes and edges such as `"a -> b"` or `"a.left -> b.in"`. */
export function plan(nodes: readonly TestNode[], edges: readonly string[]): GraphPlan {
  const place = { file: "test.yaml", line: 1, column: 1 };
  const indexes = new Map(nodes.map(({ id }, index) => [id, index]));
  const end = (text: string, ports: "inputs" | "outputs") => {
    const [id, name] = text.split(".");
    const index = indexes.get(id!)!;
    return { index, name: name ?? nodes[index]![ports][0]! };
  };
  const planEdges = edges.map((edge, index) => {
    const [left, right] = edge.split(" -> ");
    const from = end(left!, "outputs");
    const to = end(right!, "inputs");
    return { index, from: from.index, fromPort: from.name, to: to.index, toPort: to.name, place };
  });
  const { ranks, feedback } = rankLoops(
    planEdges.map(({ from, to }) => [from, to] as const),
    nodes.map(({ kind }) => breaksCycles(kind)),
  )!;
  return {
    name: "test",
    path: "test.yaml",
    baseDir: "/nonexistent",
    compat: false,
    hash: "0",
    files: [],
    nodes: nodes.map((one, index) => ({
      index,
      id: one.id,
      definition: definition(one),
      config: {},
      runtime: runtime(one.runtime),
      outputs: one.outputs,
      inputs: one.inputs,
      origin: "built_in" as const,
      place,
    })),
    edges: planEdges.map((one, at) => (feedback[at] ? { ...one, feedback: true } : one)),
    ranks,
  } as GraphPlan;
}

function definition({
  id,
  kind,
  inputs,
  outputs,
  acknowledges = false,
  stateVersion = 1,
  cells,
  owns = [],
  create,
}: TestNode): NodeDefinition {
  const ports = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, port(ANY, "")]));
  const outs = ports(outputs);
  return {
    name: id,
    kind,
    config: v.strictObject({}),
    inputs: ports(inputs),
    outputs: () => outs,
    staticOutputs: outs,
    doc: "",
    examples: [],
    api: { major: 1, minor: 0 },
    check: () => [],
    outside: false,
    passes: false,
    stateVersion,
    acknowledges,
    cells: cells && (() => cells),
    owns: () => owns.map((what) => ({ path: [], what })),
    create: (_, context) => create(context),
  };
}

function runtime({ inbox, restart, ...given }: TestRuntime): RuntimeOptions {
  return {
    concurrency: 1,
    ordered: true,
    on_error: "dead_letter",
    max_retries: 3,
    ...given,
    inbox: { capacity: 256, max_bytes: 64 * 1024 * 1024, overflow: "block", ...inbox },
    restart: { max_restarts: 5, window_sec: 60, backoff_ms: 100, backoff_max_ms: 5_000, ...restart },
  };
}

export interface TestHost extends Host {
  clock: VirtualClock;
  network: TestNetwork;
  letters: DeadLetter[];
  logged: { node: string; message: string; fields: Record<string, unknown> }[];
  written: string[];
  /** Times the engine gave the event loop a chance. */
  yields: number;
}

/** A machine without disk and network on a virtual clock. */
export function virtualHost(seed = 1): TestHost {
  const network = testNetwork();
  const letters: DeadLetter[] = [];
  const logged: TestHost["logged"] = [];
  const written: string[] = [];
  const log =
    (id: string) =>
    (message: string, fields: Record<string, unknown> = {}) =>
      void logged.push({ node: id, message, fields });
  const host: TestHost = {
    clock: virtualClock(),
    random: seededRandom(seed),
    seed,
    files: diskFiles({ base: "/nonexistent" }),
    io: { write: (text) => void written.push(text), async *read() {} },
    network,
    fetch: network.fetch,
    resolve: network.resolve,
    serve: network.serve,
    ...ABSENT,
    log: (id) => ({ debug: log(id), info: log(id), warn: log(id), error: log(id) }),
    yieldToLoop() {
      host.yields += 1;
      return macrotask();
    },
    onDeadLetter: (letter) => void letters.push(letter),
    letters,
    logged,
    written,
    yields: 0,
  };
  return host;
}

/** Resolves once every promise that could settle has. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface TestRun extends RunSnapshot {
  host: TestHost;
  engine: Engine;
}

/** An engine on a virtual host. */
export function engine(nodes: readonly TestNode[], edges: readonly string[], options: RunOptions = {}, seed = 1) {
  const host = virtualHost(seed);
  return { engine: new Engine(plan(nodes, edges), host, options), host };
}

/** Runs a graph to its end; time moves by `stepMs` whenever nothing else can happen. */
export async function run(
  nodes: readonly TestNode[],
  edges: readonly string[],
  options: RunOptions = {},
  { seed = 1, stepMs = 10 } = {},
): Promise<TestRun> {
  const { engine: one, host } = engine(nodes, edges, options, seed);
  return { ...(await toEnd(one.run(), host, stepMs)), host, engine: one };
}

/** Moves time until `ending` settles; a run that hangs for a virtual day is an error. */
export async function toEnd<Ending>(ending: Promise<Ending>, { clock }: TestHost, stepMs = 10): Promise<Ending> {
  let over = false;
  const done = ending.finally(() => {
    over = true;
  });
  await macrotask();
  for (let steps = 0; !over; steps++) {
    if (steps > 20_000) throw new Error("the run does not end");
    clock.advance(stepMs);
    await macrotask();
  }
  return done;
}

/** The counters of a node of a finished run. */
export function counters(ended: RunSnapshot, id: string) {
  return ended.nodes.find((one) => one.id === id)!.counters;
}

/** The counters of an edge, given as `"a -> b"`. */
export function edge(ended: RunSnapshot, name: string) {
  return ended.edges.find((one) => `${one.from} -> ${one.to}` === name)!.counters;
}

/** Drops by reason, for comparing. */
export const drops = (dropped: ReadonlyMap<string, number>) => Object.fromEntries(dropped);
