import type { DeliveryOptions, NodeInstance, PacketOutcome } from "../node/index.ts";
import { Delivery, type DeliveryContext } from "./delivery.ts";

export { MAX_RETRY_AFTER_MS } from "./delivery.ts";
export { STOP_GRACE_MS } from "./line.ts";
export { DELIVERY_METRICS } from "./meter.ts";
export { MAX_EMITS } from "./try.ts";

/** A node whose packets are delivered by a policy. */
export interface Delivered extends NodeInstance {
  /** True while the outside is away, and only probes go out. */
  readonly circuitOpen: boolean;
  /** Of the packet whose try is in `process` just now; undefined otherwise. */
  readonly outcome: PacketOutcome | undefined;
  /** Ends the waits of packets that come again by themselves, until it is called with nothing. */
  giveBack(comesAgain: ((outcome: PacketOutcome) => boolean) | undefined): void;
}

/** Wraps a node: retry, timeout, circuit and rate limit around its `process`; the rest of it as it was. */
export function deliver(node: NodeInstance, options: DeliveryOptions, context: DeliveryContext): Delivered {
  const delivery = new Delivery(node, options, context);
  return {
    process: (packet, emit, input) => delivery.process(packet, emit, input),
    metrics: () => ({ ...ownMetrics(node), ...delivery.metrics() }),
    close() {
      delivery.close();
      return node.close?.();
    },
    giveBack: (comesAgain) => delivery.giveBack(comesAgain),
    ...(node.flush && { flush: () => node.flush!() }),
    ...(node.snapshot && { snapshot: () => node.snapshot!() }),
    ...(node.restore && { restore: (state: unknown) => node.restore!(state) }),
    get circuitOpen() {
      return !delivery.circuit.closed;
    },
    get outcome() {
      return delivery.outcome;
    },
  };
}

/** A plugin's `metrics` may throw; what is counted here is told all the same. */
function ownMetrics(node: NodeInstance): Record<string, number> {
  try {
    return node.metrics?.() ?? {};
  } catch {
    return {};
  }
}
