import * as v from "valibot";
import { seededRandom } from "../../src/base/random.ts";
import {
  ABSENT,
  ALONE,
  diskFiles,
  inputPorts,
  type NodeContext,
  type NodeDefinition,
  type NodeInstance,
  type SourceInstance,
} from "../../src/node/index.ts";
import { IdGenerator, packetFactory, type StreamPacket } from "../../src/packet/index.ts";
import { type VirtualClock, virtualClock } from "./clock.ts";
import { type TestNetwork, testNetwork } from "./network.ts";

export interface TestContext extends NodeContext {
  readonly clock: VirtualClock;
  /** What was written to standard output. */
  readonly written: string[];
  readonly rejected: { record: unknown; reason: string }[];
  /** Where `fetch`, `serve` and `resolve` lead. */
  readonly network: TestNetwork;
  readonly logged: { level: string; message: string; fields?: Record<string, unknown> }[];
}

/** A node context with a virtual clock, seed 1 and the disk under `base`. */
export function testContext({ base = "/nonexistent", stdin = "", nodeId = "node" } = {}): TestContext {
  const clock = virtualClock();
  const random = seededRandom(1);
  const network = testNetwork();
  const written: string[] = [];
  const rejected: TestContext["rejected"] = [];
  const logged: TestContext["logged"] = [];
  const log = (level: string) => (message: string, fields?: Record<string, unknown>) =>
    void logged.push(fields ? { level, message, fields } : { level, message });
  return {
    nodeId,
    clock,
    random,
    network,
    written,
    rejected,
    logged,
    log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    files: diskFiles({ base }),
    io: {
      write: (text) => void written.push(text),
      async *read() {
        if (stdin !== "") yield new TextEncoder().encode(stdin);
      },
    },
    fetch: network.fetch,
    resolve: network.resolve,
    serve: network.serve,
    ...ABSENT,
    ...ALONE,
    packet: packetFactory(new IdGenerator(clock, random), nodeId),
    reject: (record, reason) => void rejected.push({ record, reason }),
  };
}

/**
 * Creates a node (not a source) from YAML-shaped config and collects what it emits, by port. It is woken when its
 * virtual clock is advanced that far.
 */
export function startNode(definition: NodeDefinition, config: Record<string, unknown> = {}, context = testContext()) {
  const parsed = v.parse(definition.config, config);
  let cancel = () => {};
  const wakeAfter = (delayMs: number | undefined) => {
    cancel();
    if (delayMs !== undefined) cancel = context.clock.setTimer(() => finish(node.wake?.(emit)), delayMs);
  };
  const node = definition.create(parsed, { ...context, wakeAfter }) as NodeInstance;
  const emitted: { port: string; packet: StreamPacket }[] = [];
  const emit = Object.fromEntries(
    Object.keys(definition.outputs(parsed)).map((port) => [
      port,
      (packet: StreamPacket) => void emitted.push({ port, packet }),
    ]),
  );
  const first = Object.keys(emit)[0]!;
  const finish = (result: ReturnType<NonNullable<NodeInstance["wake"]>>) => {
    for (let step = result?.next(); step !== undefined && !step.done; step = result?.next()) emit[first]!(step.value);
  };
  return {
    node,
    context,
    emitted,
    /** Tells it that event time has passed `watermarkMs`; without it, that the input has ended. */
    advance: (watermarkMs = Number.POSITIVE_INFINITY) => finish(node.advance?.(watermarkMs, emit)),
    /** Emitted packets of one port. */
    on: (port: string) => emitted.filter((entry) => entry.port === port).map((entry) => entry.packet),
    /** Processes one packet to its end, iterators and promises included. */
    async process(packet: StreamPacket, input = Object.keys(inputPorts(definition, parsed))[0] ?? "in") {
      const result = await node.process(packet, emit, input);
      if (result && "next" in result) {
        for (let step = await result.next(); !step.done; step = await result.next()) {
          emit[Object.keys(emit)[0]!]!(step.value);
        }
      }
    },
  };
}

/** Creates a source and collects its packets (at most `limit`, then it is aborted). */
export async function runSource(
  definition: NodeDefinition,
  config: Record<string, unknown> = {},
  { context = testContext(), limit = 10_000 } = {},
) {
  const source = definition.create(v.parse(definition.config, config), context) as SourceInstance;
  const abort = new AbortController();
  const packets: StreamPacket[] = [];
  for await (const item of source.run(abort.signal)) {
    packets.push(...(Array.isArray(item) ? item : [item as StreamPacket]));
    if (packets.length >= limit) abort.abort();
    if (abort.signal.aborted) break;
  }
  await source.close?.();
  return { packets, source, context };
}

/** A packet for a test; a string stands for its `source_id`. */
export function packet(fields: string | Partial<StreamPacket> = {}): StreamPacket {
  const given = typeof fields === "string" ? { source_id: fields } : fields;
  return Object.freeze({
    packet_id: "00000000-0000-7000-8000-000000000001",
    ts: "2026-01-01T00:00:00.000Z",
    kind: "raw",
    source_id: "test",
    payload: null,
    meta: {},
    ...given,
  });
}
