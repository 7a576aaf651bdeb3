import { isPacket, type StreamPacket, whyNotPacket } from "../packet/index.ts";
import { NO_PACKET, type NodeRun, type Slot } from "./node_run.ts";
import type { EdgeRun } from "./producer.ts";
import type { Scheduler } from "./scheduler.ts";

type EmitPort = (packet: StreamPacket) => void;

/** Builds the `emit` object of one slot: a method per output port, bound to the edges of that port. */
export function makeSlot(scheduler: Scheduler, node: NodeRun): Slot {
  const slot: Slot = {
    packet: NO_PACKET,
    root: undefined,
    sent: 0,
    input: "",
    emit: {},
    outlives: false,
    waiting: [],
    sinceMs: 0,
    settled: false,
    error: undefined,
    attempts: 0,
    failedAtMs: 0,
    iterator: undefined,
  };
  const ports: Record<string, EmitPort> = {};
  for (const [at, port] of node.plan.outputs.entries()) {
    ports[port] = onCycle(node, slot, emitOn(scheduler, node, slot, port, at === 0));
  }
  slot.emit = ports;
  return slot;
}

/** On a cycle a packet that is made inherits how often that which it is made of went round. */
function onCycle({ loops }: NodeRun, slot: Slot, emit: EmitPort): EmitPort {
  if (loops === undefined) return emit;
  return (packet) => {
    if (packet !== slot.packet) loops.inherit(slot.packet, packet);
    emit(packet);
  };
}

function emitOn(scheduler: Scheduler, node: NodeRun, slot: Slot, port: string, isDefault: boolean): EmitPort {
  const edges = node.outputs.get(port)!;
  if (edges.length === 0) return emitUnconnected(node, slot, port, isDefault);
  if (node.sole !== undefined && scheduler.fuse) return emitToSole(scheduler, node, slot, port, node.sole);
  return (packet) => {
    if (packet !== slot.packet && !admitted(node, slot, port, packet)) return;
    node.counters.produced += 1;
    for (const edge of edges) scheduler.emitted(node, slot, edge, packet);
  };
}

/** The only edge of a node: while `process` runs its first packet stays in hand, for the next node to take. */
function emitToSole(scheduler: Scheduler, node: NodeRun, slot: Slot, port: string, edge: EdgeRun): EmitPort {
  const { counters } = node;
  const passed = edge.counters;
  return (packet) => {
    if (packet !== slot.packet && !admitted(node, slot, port, packet)) return;
    counters.produced += 1;
    // In hand it keeps the root of what it was made of, which only the first may; after a `carry` none is.
    if (!slot.outlives && node.hand === undefined && (slot.root === undefined || slot.sent === 0)) {
      passed.passed += 1;
      if (slot.root !== undefined) {
        slot.root.add();
        slot.sent += 1;
      }
      node.hand = packet;
    } else scheduler.emitted(node, slot, edge, packet);
  };
}

/** A default port without edges still counts as produced (the last node of a graph); another one as unrouted. */
function emitUnconnected(node: NodeRun, slot: Slot, port: string, isDefault: boolean): EmitPort {
  return (packet) => {
    if (packet !== slot.packet && !admitted(node, slot, port, packet)) return;
    if (isDefault) node.counters.produced += 1;
    else node.counters.unrouted += 1;
  };
}

/** Throws for what is no packet; false (and counted) when the call of `process` is over. */
function admitted(node: NodeRun, slot: Slot, port: string, packet: unknown): boolean {
  if (slot.packet === NO_PACKET) {
    node.counters.lateEmits += 1;
    return false;
  }
  if (!isPacket(packet)) {
    throw new TypeError(`emit.${port} takes packets only, ${whyNotPacket(packet)}; make one with ctx.packet({ … })`);
  }
  return true;
}
