import type { Cancel, Clock } from "../../base/clock.ts";
import type { PacketFailure } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { busy, Refusal } from "./refusal.ts";

export interface InboundOptions {
  clock: Clock;
  /** Packets that senders wait for, and bytes of their bodies. */
  maxInFlight: number;
  maxBytes: number;
  ackTimeoutMs: number;
}

/** A request that waits for its packets. */
interface Waiting {
  bytes: number;
  left: number;
  /** The first failure of its packets. */
  refusal: Refusal | undefined;
  answer(refusal: Refusal | undefined): void;
}

/** A place for one request, taken before its body is read so that memory has a bound. */
export interface Place {
  bytes: number;
  packets: number;
}

/** Packets of requests on their way through the graph. Every request is answered exactly once. */
export class Inbound {
  readonly #options: InboundOptions;
  readonly #waiting = new Map<StreamPacket, Waiting>();
  #arrived: StreamPacket[] = [];
  #wake: () => void = () => {};
  #packets = 0;
  #bytes = 0;
  #draining = false;
  late = 0;

  constructor(options: InboundOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#packets;
  }

  /** Throws a {@link Refusal} when there is no room for one more request of `bytes`. */
  enter(bytes: number): Place {
    if (this.#draining) throw busy("STOPPING", "this server is stopping: send again with the same key");
    this.#expectRoom(1, bytes);
    this.#packets += 1;
    this.#bytes += bytes;
    return { bytes, packets: 1 };
  }

  /** A request that came to nothing. */
  leave({ bytes, packets }: Place) {
    this.#packets -= packets;
    this.#bytes -= bytes;
  }

  /** Hands the packets of one request to the graph; resolves with what went wrong, once all are settled or it is late. */
  send(place: Place, packets: readonly StreamPacket[]): Promise<Refusal | undefined> {
    if (this.#draining) throw busy("STOPPING", "this server is stopping: send again with the same key");
    const { maxInFlight, ackTimeoutMs, clock } = this.#options;
    if (packets.length > maxInFlight) throw batchTooBig(maxInFlight);
    this.#expectRoom(packets.length - place.packets, 0);
    this.#packets += packets.length - place.packets;
    // From here on the packets hold the place, one by one, also when the sender was told that it took too long.
    const { promise, resolve } = Promise.withResolvers<Refusal | undefined>();
    let cancel: Cancel = () => {};
    const waiting: Waiting = {
      bytes: place.bytes,
      left: packets.length,
      refusal: undefined,
      answer(refusal) {
        cancel();
        resolve(refusal);
      },
    };
    cancel = clock.setTimer(() => this.#tookLong(waiting), ackTimeoutMs);
    for (const packet of packets) this.#waiting.set(packet, waiting);
    this.#arrived.push(...packets);
    this.#wake();
    return promise;
  }

  settle(packet: StreamPacket, failure: PacketFailure | undefined) {
    const waiting = this.#waiting.get(packet);
    if (waiting === undefined) return;
    this.#waiting.delete(packet);
    this.#packets -= 1;
    if (failure !== undefined) waiting.refusal ??= refusalOf(failure);
    waiting.left -= 1;
    if (waiting.left > 0) return;
    this.#bytes -= waiting.bytes;
    waiting.answer(waiting.refusal);
  }

  /** What came since the last look, as one array. Ends when `signal` aborts. */
  async *packets(signal: AbortSignal): AsyncGenerator<readonly StreamPacket[]> {
    signal.addEventListener("abort", () => this.drain(), { once: true });
    if (signal.aborted) this.drain();
    while (!this.#draining) {
      const arrived = this.#arrived;
      this.#arrived = [];
      if (arrived.length > 0) yield arrived;
      else await this.#more();
    }
  }

  /** Takes nothing more; what the graph has not taken yet goes back to its senders. */
  drain() {
    this.#draining = true;
    this.#giveBack(this.#arrived);
    this.#arrived = [];
    this.#wake();
  }

  /** Answers everybody who still waits. */
  close() {
    this.drain();
    this.#giveBack([...this.#waiting.keys()]);
  }

  #giveBack(packets: readonly StreamPacket[]) {
    const error = new Error("the run ended before the packet did");
    for (const packet of packets) this.settle(packet, { kind: "failed", error, node: undefined, port: undefined });
  }

  #expectRoom(packets: number, bytes: number) {
    const { maxInFlight, maxBytes } = this.#options;
    if (this.#packets + packets <= maxInFlight && this.#bytes + bytes <= maxBytes) return;
    throw busy("FULL", "the graph has as much as it can take: send again with the same key");
  }

  #tookLong(waiting: Waiting) {
    this.late += 1;
    const message = `the packet was not safe within ${this.#options.ackTimeoutMs} ms and may still become so: send again with the same key`;
    waiting.answer(busy("TOOK_LONG", message));
  }

  #more(): Promise<void> {
    if (this.#arrived.length > 0 || this.#draining) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function batchTooBig(max: number): Refusal {
  const message = `the batch has more than the ${max} packets that may be on their way at once: send smaller ones, or raise max_in_flight`;
  return new Refusal(413, "BATCH_TOO_BIG", message);
}

/** What a sender hears: whether the same again can help. */
function refusalOf({ kind, node }: PacketFailure): Refusal {
  if (node === undefined)
    return busy("STOPPING", "this server stopped before the packet was safe: send again with the same key");
  if (kind === "unavailable")
    return busy("UNAVAILABLE", "what comes after this cannot take it now: send again with the same key", 5);
  if (kind === "rejected")
    return new Refusal(422, "REJECTED", `node "${node}" refuses this packet: the log of the graph says why`);
  // The error itself stays inside: it may name hosts and files that a sender should not learn of.
  return new Refusal(500, "FAILED", `node "${node}" failed with this packet: the log of the graph says why`);
}
