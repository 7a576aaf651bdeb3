import type { Emit } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { Call } from "./call.ts";

/**
 * Packets one try may emit: they are held until it has succeeded, so that a failed one leaves none behind and a
 * packet tried twice does not emit twice. Why 1,024: four inboxes full, and 16 calls at once hold 16 Ki packets.
 */
export const MAX_EMITS = 1_024;

const NO_PORTS: Emit = Object.freeze({});
const NOTHING = Object.freeze([]) as unknown as [];

/** One try of a call. What it does once it is over changes nothing. */
export class Try {
  readonly call: Call;
  readonly isProbe: boolean;
  readonly startedMs: number;
  /** Tries of the node that had succeeded when this one began. */
  readonly deliveredBefore: number;
  readonly emit: Emit;
  /** Nothing of it counts from here on. */
  over = false;
  /** When it is given up, monotonic; set once it turns out to take time. */
  dueMs = Number.POSITIVE_INFINITY;
  readonly #held: { port: string; packet: StreamPacket }[];
  readonly #ports: readonly string[];

  constructor(call: Call, isProbe: boolean, startedMs: number, deliveredBefore: number, onLate: () => void) {
    this.call = call;
    this.isProbe = isProbe;
    this.startedMs = startedMs;
    this.deliveredBefore = deliveredBefore;
    this.#ports = portsOf(call.emit);
    const isSink = this.#ports.length === 0;
    this.#held = isSink ? NOTHING : [];
    this.emit = isSink ? NO_PORTS : this.#holding(onLate);
  }

  #holding(onLate: () => void): Emit {
    const ports = this.#ports.map((port) => {
      const hold = (packet: StreamPacket) => {
        if (this.over) return onLate();
        if (this.#held.length >= MAX_EMITS) throw tooMany();
        this.#held.push({ port, packet });
      };
      return [port, hold] as const;
    });
    return Object.fromEntries(ports);
  }

  /** Emits a value of an iterator: it leaves by the first output port. */
  emitDefault(packet: StreamPacket) {
    const [port] = this.#ports;
    if (port === undefined) throw new TypeError("process yielded a packet, but this node has no output port");
    this.emit[port]!(packet);
  }

  /** Hands on what it emitted. */
  flush() {
    for (const { port, packet } of this.#held) this.call.emit[port]!(packet);
  }
}

/** Of each `emit` there is, as looking them up costs more than the rest of a try. The engine has one for each call under way. */
const known = new WeakMap<Emit, readonly string[]>();

function portsOf(emit: Emit): readonly string[] {
  let ports = known.get(emit);
  if (ports === undefined) {
    ports = Object.keys(emit);
    known.set(emit, ports);
  }
  return ports;
}

function tooMany(): RangeError {
  return new RangeError(
    `one try emitted more than ${MAX_EMITS} packets, which delivery holds until it has succeeded: ` +
      "emit fewer, or write delivery: off in the node's runtime",
  );
}
