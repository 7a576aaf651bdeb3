import type { Cancel, Clock } from "../base/clock.ts";
import type { SourceTap } from "../engine/index.ts";
import type { SourceInstance, SourceYield } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";

/** What a source does at a time, in milliseconds since the first source began: it sends a packet, or it ends. */
export interface Moment {
  readonly atMs: number;
  readonly node: string;
  /** Undefined: the source ends. Made when its time has come. */
  readonly packet?: () => StreamPacket;
}

type Step = IteratorResult<SourceYield, undefined>;

/** One source as the graph sees it. */
interface Part {
  ready: StreamPacket | undefined;
  waiting: ((step: Step) => void) | undefined;
  over: boolean;
  /** Its packets are followed to their end. */
  acks: boolean;
}

const OVER: Step = { done: true, value: undefined };

/**
 * Plays moments to a graph through sources that stand for others: at their times, and in their order also where that is
 * between two sources. The next one comes when the graph has taken the one before, as its order would be lost else.
 */
export class Conductor implements SourceTap {
  /** Packets that were handed out and are not acknowledged, with their moments. Only with `acks`. */
  readonly unacked = new Map<StreamPacket, Moment>();
  sentPackets = 0;
  readonly #clock: Clock;
  readonly #moments: Iterator<Moment, void>;
  readonly #parts = new Map<string, Part>();
  readonly #inner: Partial<SourceTap>;
  #next: Moment | undefined;
  #underWay: Moment | undefined;
  #startMs: number | undefined;
  #cancel: Cancel = () => {};

  /** `nodes` are the sources that take part; each must have a moment that ends it, or ends with the last moment. */
  constructor(
    nodes: readonly string[],
    moments: Iterable<Moment, void>,
    { clock, tap = {} }: { clock: Clock; tap?: Partial<SourceTap> },
  ) {
    this.#clock = clock;
    this.#moments = moments[Symbol.iterator]();
    this.#inner = tap;
    for (const node of nodes) this.#parts.set(node, { ready: undefined, waiting: undefined, over: false, acks: false });
  }

  /** The source that stands for `node`. With `acks` it waits for what becomes of its packets. */
  source(node: string, { acks }: { acks: boolean }): SourceInstance {
    const part = this.#parts.get(node)!;
    part.acks = acks;
    const settled = (packet: StreamPacket) => void this.unacked.delete(packet);
    return {
      run: (signal) => {
        signal.addEventListener("abort", () => this.#end(part), { once: true });
        // Promises and plain steps in turn: the engine takes both, and a plain one at once.
        return { [Symbol.asyncIterator]: () => ({ next: () => this.#pull(part) }) } as AsyncIterable<SourceYield>;
      },
      ...(acks ? { ack: settled, nack: settled } : {}),
    };
  }

  sent(node: string, packet: StreamPacket) {
    this.#inner.sent?.(node, packet);
    const moment = this.#underWay;
    if (moment?.node !== node) return;
    this.sentPackets += 1;
    if (this.#parts.get(node)!.acks) this.unacked.set(packet, moment);
    this.#underWay = undefined;
    this.#play();
  }

  ended(node: string) {
    this.#inner.ended?.(node);
  }

  /** What has not been sent yet, in order. */
  *left(): Generator<Moment, void> {
    for (const moment of [this.#underWay, this.#next]) if (moment !== undefined) yield moment;
    for (let step = this.#moments.next(); !step.done; step = this.#moments.next()) yield step.value;
  }

  #pull(part: Part): Step | Promise<Step> {
    if (this.#startMs === undefined) {
      this.#startMs = this.#clock.monotonicMs();
      this.#play();
    }
    const { ready } = part;
    part.ready = undefined;
    if (ready !== undefined) return { done: false, value: ready };
    if (part.over) return OVER;
    return new Promise((resolve) => {
      part.waiting = resolve;
    });
  }

  /** Does what is due, up to the first packet that the graph has to take. */
  #play() {
    while (this.#underWay === undefined) {
      this.#next ??= this.#moments.next().value ?? undefined;
      const moment = this.#next;
      if (moment === undefined) return this.#endAll();
      const waitMs = this.#startMs! + moment.atMs - this.#clock.monotonicMs();
      this.#cancel();
      if (waitMs > 0) {
        this.#cancel = this.#clock.setTimer(() => this.#play(), waitMs);
        return;
      }
      this.#next = undefined;
      this.#do(moment);
    }
  }

  #do(moment: Moment) {
    const part = this.#parts.get(moment.node);
    if (part === undefined || part.over) return;
    if (moment.packet === undefined) return this.#end(part);
    this.#underWay = moment;
    const packet = moment.packet();
    const { waiting } = part;
    part.waiting = undefined;
    if (waiting === undefined) part.ready = packet;
    else waiting({ done: false, value: packet });
  }

  #endAll() {
    for (const part of this.#parts.values()) this.#end(part);
  }

  #end(part: Part) {
    part.over = true;
    part.waiting?.(OVER);
    part.waiting = undefined;
  }
}
