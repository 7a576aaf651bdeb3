import { addDrops, type DropReason } from "../observe/index.ts";
import { countDrop, leftBehind } from "./failures.ts";
import { NO_PACKET, type NodeRun, TIME_CALL } from "./node_run.ts";
import { closeIterator } from "./pending.ts";
import type { Producer } from "./producer.ts";
import type { Wiring } from "./wiring.ts";

/** Counts what is still in hands, inboxes and calls when a run ends early, and tells the sources that wait. */
export function leaveBehind({ producers, nodes, everyEdge }: Wiring, reason: DropReason) {
  for (const producer of producers) leaveHeld(producer, reason);
  for (const node of nodes) {
    for (const { inbox } of node.inputs) {
      while (inbox.count > 0) {
        const { headRoot, headEdge } = inbox;
        inbox.shift();
        countDrop(everyEdge[headEdge]!, reason);
        headRoot?.fail(leftBehind(reason));
      }
    }
    leaveCalls(node, reason);
    leaveHolds(node, reason === "run_failed" ? reason : "kept");
  }
}

/** What a node still keeps comes again where it can. */
function leaveHolds(node: NodeRun, reason: DropReason) {
  for (const hold of node.holds) if (hold.leave(leftBehind(reason))) addDrops(node.counters.dropped, reason);
}

function leaveHeld({ held }: Producer, reason: DropReason) {
  while (held.length > 0) {
    const { edge, root } = held.shift();
    countDrop(edge, reason);
    root?.fail(leftBehind(reason));
  }
}

/** From here on a call that comes back changes nothing, and what it emits is late. */
function leaveCalls(node: NodeRun, reason: DropReason) {
  for (const slot of node.slots) {
    if (!slot.outlives) continue;
    const { root, iterator, packet } = slot;
    slot.packet = NO_PACKET;
    slot.root = undefined;
    for (const emitted of slot.waiting) emitted.root?.fail(leftBehind(reason));
    slot.waiting = [];
    if (packet !== TIME_CALL) addDrops(node.counters.dropped, reason);
    root?.fail(leftBehind(reason));
    closeIterator(iterator);
  }
}
