import type { Clock } from "../base/clock.ts";
import { deliver } from "../delivery/index.ts";
import { ALONE, type NodeContext, type NodeInstance, type PacketOutcome, type SourceInstance } from "../node/index.ts";
import { type IdGenerator, packetFactory } from "../packet/index.ts";
import { type Failures, noteError } from "./failures.ts";
import type { Host } from "./host.ts";
import { NodeRun } from "./node_run.ts";
import { RootOutcome } from "./outcome.ts";
import type { Producer } from "./producer.ts";
import type { SourceRun } from "./source_run.ts";

/** What every node of a run is created with. */
export interface Creation {
  host: Host;
  failures: Failures;
  ids: IdGenerator;
  /** True when a graph has plugins, which could write to packets. */
  freeze: boolean;
  /** Aborts when the sources end and what is in flight has the drain time left. */
  stopping: AbortSignal;
}

/** Creates the instance of a node; what comes back is why that failed. */
export function create(producer: Producer, creation: Creation): Error | undefined {
  try {
    createInstance(producer, creation);
    return undefined;
  } catch (thrown) {
    const { message } = noteError(producer, thrown, creation.host.clock);
    return new Error(`cannot create node "${producer.id}" (${producer.plan.definition.name}): ${message}`, {
      cause: thrown,
    });
  }
}

/** Throws what `create` throws, and when it returns nothing that can run. */
function createInstance(producer: Producer, creation: Creation) {
  const { definition, config } = producer.plan;
  const instance = definition.create(config, contextOf(producer, creation));
  const call = producer instanceof NodeRun ? "process" : "run";
  if (typeof Object(instance)[call] !== "function") throw new TypeError(`create returned no { ${call} }`);
  if (producer instanceof NodeRun) setInstance(producer, instance as NodeInstance, creation);
  else (producer as SourceRun).instance = instance as SourceInstance;
}

/** The node itself, or with a delivery policy around it. */
function setInstance(node: NodeRun, instance: NodeInstance, { host, stopping }: Creation) {
  const { delivery } = node.plan.runtime;
  node.instance = instance;
  if (delivery === undefined) return;
  const { clock, random } = host;
  const outcome = () => outcomeOf(node, clock);
  node.delivered = deliver(instance, delivery, { clock, random, log: host.log(node.id), stopping, outcome });
  node.instance = node.delivered;
}

/** A delivery policy makes its tries when it sees fit, so it knows whose the one under way is. */
function outcomeIn(producer: Producer, clock: Clock): PacketOutcome | undefined {
  if (!(producer instanceof NodeRun)) return undefined;
  return producer.delivered === undefined ? outcomeOf(producer, clock) : producer.delivered.outcome;
}

function outcomeOf(node: NodeRun, clock: Clock): PacketOutcome | undefined {
  const root = node.callRoot;
  return root?.awaited ? new RootOutcome(root, (thrown) => void noteError(node, thrown, clock)) : undefined;
}

function contextOf(producer: Producer, { host, failures, ids, freeze }: Creation): NodeContext {
  const { clock, random, files, io, fetch, resolve, serve, spawn, exchange, ffmpeg, inference, live, blobs } = host;
  return {
    ...ALONE,
    nodeId: producer.id,
    clock,
    random,
    files,
    io,
    fetch,
    resolve,
    serve,
    spawn,
    exchange,
    ffmpeg,
    inference,
    live,
    blobs,
    log: host.log(producer.id),
    packet: packetFactory(ids, producer.id, freeze),
    outcome: () => outcomeIn(producer, clock),
    reject: (record, reason) => failures.setAside(producer, record, reason),
  };
}
