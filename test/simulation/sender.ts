import type { PacketFailure, SourceInstance, SourceYield } from "../../src/node/index.ts";
import { Packet, type StreamPacket } from "../../src/packet/index.ts";
import type { Box } from "./box.ts";
import type { Life } from "./life.ts";

interface Fact {
  readonly id: string;
  readonly partition: string;
  readonly kind: string;
  readonly bornMs: number;
  state: "waiting" | "safe" | "refused";
  /** Copies under way. */
  flying: number;
  dueMs: number;
  nacks: number;
}

/** Refusals for a reason of its own after which a sender gives a fact up. */
const MAX_REFUSALS = 3;
/** A sender that heard nothing, or no, sends again after at most this long. */
const AGAIN_MS = 2_000;
const DONE: IteratorResult<SourceYield> = { value: undefined, done: true };

/** What a sender knows of its world. */
export interface Around extends Pick<Box, "chance" | "clock" | "net" | "note" | "faulty"> {
  readonly weather: Pick<
    Box["weather"],
    "facts" | "partitions" | "burst" | "gapMs" | "window" | "ackLost" | "impatient"
  >;
  readonly ledger: Pick<Box["ledger"], "promised" | "violated">;
}

/** The process that it sends to. */
type Reached = Pick<Life, "alive" | "clock">;

/** Somebody outside who has facts to tell, and keeps each until it is acknowledged. */
export class Sender {
  readonly #box: Around;
  readonly #id: string;
  readonly #facts: Fact[];
  /** Packets this life has taken and not answered for. */
  #flying = new Map<StreamPacket, Fact>();
  #resume: (() => void) | undefined;

  constructor(box: Around, id: string) {
    const { weather, chance } = box;
    this.#box = box;
    this.#id = id;
    this.#facts = Array.from({ length: weather.facts }, (_, at) => ({
      id: `${id}f${at}`,
      partition: `p${chance.int(1, weather.partitions)}`,
      kind: chance.one(["event", "sensor"]),
      bornMs: Math.floor(at / weather.burst) * weather.gapMs,
      state: "waiting" as const,
      flying: 0,
      dueMs: 0,
      nacks: 0,
    }));
  }

  /** Those it is not through with. */
  get open(): string[] {
    return this.#facts.filter(({ state }) => state === "waiting").map(({ id }) => id);
  }

  /** The program's side of it. */
  source(life: Reached): SourceInstance {
    this.#resume = undefined;
    const iterator = { next: () => this.#next(life), return: () => this.#end() };
    return {
      run: () => ({ [Symbol.iterator]: () => iterator as unknown as Iterator<SourceYield> }),
      ack: (packet) => life.alive && this.#acked(packet),
      nack: (packet, reason, failure) => life.alive && this.#nacked(packet, reason, failure),
    };
  }

  /** The program is gone; nobody knows what became of what was under way. */
  lifeEnded(hard: boolean) {
    if (!hard && this.#flying.size > 0) {
      const ids = [...this.#flying.values()].map(({ id }) => id);
      this.#box.ledger.violated(`source ${this.#id} heard neither ack nor nack of ${ids.join(" ")}`);
    }
    for (const fact of this.#flying.values()) this.#again(fact);
    for (const fact of this.#facts) fact.flying = 0;
    this.#flying = new Map();
    this.#resume = undefined;
  }

  #next(life: Reached): IteratorResult<SourceYield> | Promise<IteratorResult<SourceYield>> {
    if (!life.alive) return new Promise(() => {});
    const fact = this.#impatient() ?? this.#ready();
    if (fact !== undefined) return { value: this.#send(fact), done: false };
    if (this.open.length === 0) return DONE;
    return new Promise((resolve) => {
      const cancel = life.clock.setTimer(() => this.#resume?.(), this.#waitMs());
      this.#resume = () => {
        cancel();
        this.#resume = undefined;
        resolve({ value: [], done: false });
      };
    });
  }

  #end() {
    this.#resume = undefined;
    return DONE;
  }

  /** Now and then one that is under way is sent again. */
  #impatient(): Fact | undefined {
    const { net, weather } = this.#box;
    if (this.#flying.size === 0 || !net.maybe(this.#box.faulty(weather.impatient))) return undefined;
    return [...this.#flying.values()].find(({ state, flying }) => state === "waiting" && flying === 1);
  }

  #ready(): Fact | undefined {
    const { nowMs } = this.#box.clock;
    if (this.#flying.size >= this.#box.weather.window) return undefined;
    return this.#facts.find(
      ({ state, flying, bornMs, dueMs }) => state === "waiting" && flying === 0 && bornMs <= nowMs && dueMs <= nowMs,
    );
  }

  #waitMs(): number {
    const { nowMs } = this.#box.clock;
    let next = Number.POSITIVE_INFINITY;
    for (const { state, flying, bornMs, dueMs } of this.#facts) {
      if (state === "waiting" && flying === 0) next = Math.min(next, Math.max(bornMs, dueMs));
    }
    // With its window full it hears of an answer sooner.
    return next <= nowMs || next === Number.POSITIVE_INFINITY ? 60_000 : next - nowMs;
  }

  #send(fact: Fact): StreamPacket {
    const { id, partition, kind } = fact;
    const load = { fact: id, path: this.#id };
    const packet = new Packet(id, "2026-01-01T00:00:00Z", kind, partition, load, { idempotency_key: id });
    this.#flying.set(packet, fact);
    fact.flying += 1;
    this.#box.note(`send ${id}`);
    return packet;
  }

  #take(packet: StreamPacket, what: string): Fact | undefined {
    const fact = this.#flying.get(packet);
    this.#flying.delete(packet);
    if (fact === undefined) this.#box.ledger.violated(`${what} of ${packet.packet_id}, which was answered before`);
    else fact.flying -= 1;
    return fact;
  }

  #acked(packet: StreamPacket) {
    const fact = this.#take(packet, "ack");
    if (fact === undefined) return;
    this.#box.note(`ack ${fact.id}`);
    this.#box.ledger.promised.set(fact.id, { source: this.#id });
    if (this.#box.net.maybe(this.#box.faulty(this.#box.weather.ackLost))) this.#again(fact);
    else fact.state = "safe";
    this.#resume?.();
  }

  #nacked(packet: StreamPacket, reason: string, { kind }: PacketFailure) {
    const fact = this.#take(packet, "nack");
    if (fact === undefined) return;
    this.#box.note(`nack ${fact.id} ${reason}`);
    if (kind !== "unavailable") fact.nacks += 1;
    if (fact.nacks >= MAX_REFUSALS && fact.state === "waiting") fact.state = "refused";
    else this.#again(fact);
    this.#resume?.();
  }

  #again(fact: Fact) {
    fact.dueMs = this.#box.clock.nowMs + this.#box.net.between(0, AGAIN_MS);
  }
}
