import type { Clock } from "../base/clock.ts";
import { deliver } from "../delivery/index.ts";
import {
  ALONE,
  filesIn,
  modelIn,
  type NodeContext,
  type NodeInstance,
  type PacketOutcome,
  type SourceInstance,
} from "../node/index.ts";
import { type IdGenerator, packetFactory } from "../packet/index.ts";
import type { Blackboard } from "./blackboard.ts";
import { type Failures, noteError } from "./failures.ts";
import { carryHolds, holdPacket } from "./holding.ts";
import type { Host } from "./host.ts";
import { NodeRun } from "./node_run.ts";
import { RootOutcome } from "./outcome.ts";
import type { Producer } from "./producer.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SourceRun } from "./source_run.ts";
import { Timed } from "./timed.ts";
import type { Timers } from "./timers.ts";

/** What every node of a run is created with. */
export interface Creation {
  board: Blackboard;
  host: Host;
  failures: Failures;
  ids: IdGenerator;
  /** True when a graph has plugins, which could write to packets. */
  freeze: boolean;
  /** Aborts when the sources end and what is in flight has the drain time left. */
  stopping: AbortSignal;
  timers: Timers;
  scheduler: Scheduler;
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
function setInstance(node: NodeRun, instance: NodeInstance, creation: Creation) {
  const { host, stopping } = creation;
  const { delivery } = node.plan.runtime;
  node.instance = instance;
  setTimed(node, instance, creation);
  if (delivery === undefined) return;
  const { clock, random } = host;
  const outcome = () => outcomeOf(node, clock);
  node.delivered = deliver(instance, delivery, { clock, random, log: host.log(node.id), stopping, outcome });
  node.instance = node.delivered;
}

function setTimed(node: NodeRun, instance: NodeInstance, creation: Creation) {
  if (instance.advance !== undefined || instance.wake !== undefined) {
    node.timed ??= new Timed(node, creation, instance);
  }
  if (node.timed === undefined) return;
  if (node.timed.asked && instance.wake === undefined) throw new TypeError("it asks to be woken and has no wake");
  node.timed.instance = instance;
}

/** A delivery policy makes its tries when it sees fit, so it knows whose the one under way is. */
function outcomeIn(producer: Producer, clock: Clock): PacketOutcome | undefined {
  if (!(producer instanceof NodeRun)) return undefined;
  return producer.delivered === undefined ? outcomeOf(producer, clock) : producer.delivered.outcome;
}

function outcomeOf(node: NodeRun, clock: Clock): PacketOutcome | undefined {
  const root = node.callRoot;
  if (!root?.awaited) return undefined;
  const { packet, input } = node.callSlot!;
  return new RootOutcome({ root, packet, input }, (thrown) => void noteError(node, thrown, clock));
}

/** What a node, and no source, may do about packets and time. */
function keeping(node: NodeRun, creation: Creation): Pick<NodeContext, "hold" | "carry" | "wakeAfter"> {
  return {
    hold: () => holdPacket(node, creation.failures),
    carry: (holds) => carryHolds(node, holds, creation.scheduler.putDown),
    wakeAfter(delayMs) {
      node.timed ??= new Timed(node, creation, node.instance);
      node.timed.wakeAfter(delayMs);
    },
  };
}

/** Paths of a node that stands in a file of its own folder start there. */
function placesOf(folder: string | undefined, { files, inference }: Host): Pick<Host, "files" | "inference"> {
  if (folder === undefined) return { files, inference };
  const open: Host["inference"]["open"] = (options) =>
    inference.open({ ...options, model: modelIn(folder, options.model) });
  return { files: filesIn(files, folder), inference: { open } };
}

function contextOf(producer: Producer, creation: Creation): NodeContext {
  const { host, failures, ids } = creation;
  const { clock, random, io, fetch, resolve, serve, spawn, exchange, ffmpeg, live, blobs } = host;
  const { files, inference } = placesOf(producer.plan.folder, host);
  return {
    ...ALONE,
    ...(producer instanceof NodeRun && keeping(producer, creation)),
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
    packet: packetFactory(ids, producer.id, creation),
    outcome: () => outcomeIn(producer, clock),
    cells: creation.board.cellsOf(producer.id, producer.plan.definition.cells?.(producer.plan.config)),
    reject: (record, reason) => failures.setAside(producer, record, reason),
  };
}
