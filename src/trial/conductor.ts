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
  /** Its end has come, and packets of it are not answered yet. */
  closing: boolean;
}

/** A packet that is to be sent again. */
interface Again {
  readonly moment: Moment;
  readonly atMs: number;
}

/** A sender that hears "later" waits 1 s, 2 s, 4 s … and at most a minute, */
const AGAIN_MS = 1_000;
const AGAIN_MAX_MS = 60_000;
/** for an hour and a half; then it gives up. */
const MAX_TRIES = 100;

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
  /** In the order of their times. */
  readonly #again: Again[] = [];
  readonly #tries = new WeakMap<StreamPacket, number>();
  #startMs: number | undefined;
  #began = false;
  #cancel: Cancel = () => {};

  /**
   * `nodes` are the sources that take part; each ends at a moment of its own, or with the last one. Times count from
   * `startMs` on the clock, or from when the first source begins.
   */
  constructor(
    nodes: readonly string[],
    moments: Iterable<Moment, void>,
    { clock, tap = {}, startMs }: { clock: Clock; tap?: Partial<SourceTap>; startMs?: number },
  ) {
    this.#clock = clock;
    this.#moments = moments[Symbol.iterator]();
    this.#inner = tap;
    this.#startMs = startMs;
    for (const node of nodes)
      this.#parts.set(node, { ready: undefined, waiting: undefined, over: false, acks: false, closing: false });
  }

  /**
   * The source that stands for `node`. With `acks` it waits for what becomes of its packets, and ends when it knows; with
   * `resends` it also sends those again that the graph could not take, as the sender behind a real one would.
   */
  source(node: string, { acks, resends = false }: { acks: boolean; resends?: boolean }): SourceInstance {
    const part = this.#parts.get(node)!;
    part.acks = acks;
    const run = (signal: AbortSignal) => {
      signal.addEventListener("abort", () => this.#end(part), { once: true });
      // Promises and plain steps in turn: the engine takes both, and a plain one at once.
      return { [Symbol.asyncIterator]: () => ({ next: () => this.#pull(part) }) } as AsyncIterable<SourceYield>;
    };
    if (!acks) return { run };
    return {
      run,
      ack: (packet) => this.#answered(part, packet),
      nack: (packet, _, { kind }) => {
        if (resends && kind === "unavailable") this.#sendAgain(packet);
        this.#answered(part, packet);
      },
    };
  }

  /** True for a source that takes part. */
  plays(node: string): boolean {
    return this.#parts.has(node);
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
    for (const moment of [this.#underWay, ...this.#again.map((one) => one.moment), this.#next])
      if (moment !== undefined) yield moment;
    for (let step = this.#moments.next(); !step.done; step = this.#moments.next()) yield step.value;
  }

  #pull(part: Part): Step | Promise<Step> {
    if (!this.#began) {
      this.#began = true;
      this.#startMs ??= this.#clock.monotonicMs();
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
      const again = this.#again[0];
      const first = again !== undefined && again.atMs <= (this.#next?.atMs ?? again.atMs) ? again : undefined;
      const moment = first?.moment ?? this.#next;
      if (moment === undefined) return this.#closeAll();
      const waitMs = this.#startMs! + (first ?? moment).atMs - this.#clock.monotonicMs();
      this.#cancel();
      if (waitMs > 0) {
        this.#cancel = this.#clock.setTimer(() => this.#play(), waitMs);
        return;
      }
      if (first === undefined) this.#next = undefined;
      else this.#again.shift();
      this.#do(moment);
    }
  }

  #sendAgain(packet: StreamPacket) {
    const moment = this.unacked.get(packet);
    const tries = (this.#tries.get(packet) ?? 0) + 1;
    if (moment === undefined || tries > MAX_TRIES) return;
    this.#tries.set(packet, tries);
    const waitMs = Math.min(AGAIN_MAX_MS, AGAIN_MS * 2 ** (tries - 1));
    const atMs = this.#clock.monotonicMs() - this.#startMs! + waitMs;
    const at = this.#again.findIndex((one) => one.atMs > atMs);
    this.#again.splice(at < 0 ? this.#again.length : at, 0, { moment, atMs });
  }

  /** Something may be due sooner now, and a source that waited for this may end. */
  #answered(part: Part, packet: StreamPacket) {
    this.unacked.delete(packet);
    if (this.#underWay === undefined) this.#play();
    this.#closeIfAnswered(part);
  }

  #closeIfAnswered(part: Part) {
    const mine = ({ node }: Moment) => this.#parts.get(node) === part;
    if (!part.closing || this.#again.some(({ moment }) => mine(moment))) return;
    for (const moment of this.unacked.values()) if (mine(moment)) return;
    this.#end(part);
  }

  #do(moment: Moment) {
    const part = this.#parts.get(moment.node);
    if (part === undefined || part.over) return;
    if (moment.packet === undefined) return this.#close(part);
    this.#underWay = moment;
    const packet = moment.packet();
    const { waiting } = part;
    part.waiting = undefined;
    if (waiting === undefined) part.ready = packet;
    else waiting({ done: false, value: packet });
  }

  #closeAll() {
    for (const part of this.#parts.values()) this.#close(part);
  }

  #close(part: Part) {
    part.closing = true;
    this.#closeIfAnswered(part);
  }

  #end(part: Part) {
    part.over = true;
    part.waiting?.(OVER);
    part.waiting = undefined;
  }
}
