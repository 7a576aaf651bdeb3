import { parseIsoMs, type StreamPacket } from "../../packet/index.ts";
import { NO_PACKET, type NodeRun, type Slot, TIME_CALL } from "../node_run.ts";
import type { Producer } from "../producer.ts";

/** The earliest event time of what is on its way: in inboxes, in hands that found no room, in calls under way. */
export class EarliestPending {
  #tsMs = Number.POSITIVE_INFINITY;

  /** Of what leads to `node`, and of what it has taken and not finished. */
  static before(node: NodeRun, producers: readonly Producer[], nodes: readonly NodeRun[]): number {
    const pending = new EarliestPending();
    for (const { held } of producers) held.each(pending.#look);
    for (const one of nodes) pending.#lookInto(one, one === node);
    return pending.#tsMs;
  }

  readonly #look = ({ ts }: StreamPacket) => {
    const tsMs = parseIsoMs(ts);
    if (tsMs < this.#tsMs) this.#tsMs = tsMs;
  };

  #lookInto({ inputs, queued, slots, inFlight }: NodeRun, isLast: boolean) {
    if (queued > 0) for (const { inbox } of inputs) inbox.each(this.#look);
    if (inFlight > 0) for (const slot of slots) this.#lookAt(slot, isLast);
  }

  #lookAt({ packet, input, waiting }: Slot, isLast: boolean) {
    if (packet === TIME_CALL) {
      // Of what a wake emits nothing is known; what an advance emits is behind the watermark of its node.
      if (!isLast && input === "wake") this.#tsMs = Number.NEGATIVE_INFINITY;
    } else if (packet !== NO_PACKET) this.#look(packet);
    if (!isLast) for (const { packet: emitted } of waiting) this.#look(emitted);
  }
}
