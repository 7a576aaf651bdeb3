import { type PacketFailure, Unavailable } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { EdgeRun } from "./producer.ts";

/** Tells a source what became of a packet; without a failure all is done. */
export interface Settle {
  (packet: StreamPacket, failure: PacketFailure | undefined): void;
  /** All that is left of it is kept by nodes, for as long as they like: those behind it in its order may go. */
  kept?: ((packet: StreamPacket) => void) | undefined;
}

/**
 * Counts the living descendants of one source packet that its source waits for.
 *
 * Invariant: `pending` = copies in inboxes and hands + calls of `process` under way + 1 while the
 * source is still handing it out. At zero the source hears ack or nack, exactly once.
 */
export class AckRoot {
  /**
   * Which copy this is: the same whenever its source packet comes again, whoever is faster then. Empty for the packet
   * itself and the first that each node makes of it; else what led away from that.
   */
  readonly way: string;
  /** The one that counts, for all copies. */
  readonly #trunk: AckRoot;
  readonly #packet: StreamPacket;
  readonly #settle: Settle | undefined;
  /** Its source tries a failed packet again and sets it aside by itself. */
  readonly keeps: boolean;
  /** Set on the root itself: a sender waits for the answer, and can try again. */
  asked = false;
  #pending = 1;
  /** Of these, in the hands of nodes that keep them. */
  #kept = 0;
  /** Keys that went over a durable edge, and how often. Nearly always there is one, once. */
  #copies: Map<string, number> | undefined;
  #firstKey: string | undefined;
  #firstEdge = 0;
  #failure: PacketFailure | undefined;
  #listeners: ((failure: PacketFailure | undefined) => void)[] | undefined;
  /** Roots that this one follows; those that have settled stay here as long as it lives. */
  #follows: AckRoot[] | undefined;

  /** Without `settle` nobody hears of the packet, and only its copies are counted. */
  constructor(packet: StreamPacket, settle: Settle | undefined, keeps = false, trunk?: AckRoot, way = "") {
    this.#trunk = trunk ?? this;
    this.way = way;
    this.#packet = packet;
    this.keeps = keeps;
    this.#settle = settle;
  }

  /** Somebody hears what becomes of the packet. */
  get awaited(): boolean {
    return this.#trunk.#settle !== undefined;
  }

  get asks(): boolean {
    return this.#trunk.asked;
  }

  /** One more copy is under way. */
  add() {
    this.#trunk.#pending += 1;
  }

  /** A node keeps one more. */
  keep() {
    this.add();
    this.#trunk.#kept += 1;
  }

  /** One that a node kept goes on, or is about to be done. */
  unkeep() {
    this.#trunk.#kept -= 1;
  }

  /** The root of the packet that left as number `at` of one call, from 0, by the edge with this mark. */
  branch(mark: string, at: number, _edge: EdgeRun, _packet: StreamPacket): AckRoot {
    if (at === 0) return this;
    return this.copyOf(shortened(`${this.way}.${mark}-${at}`));
  }

  /** A root of the same packet for what goes another way. */
  protected copyOf(way: string): AckRoot {
    return new AckRoot(this.#packet, this.#settle, this.keeps, this.#trunk, way);
  }

  /** One copy is done: consumed by a sink, filtered on purpose, or replaced by its children. */
  done() {
    const trunk = this.#trunk;
    trunk.#pending -= 1;
    if (trunk.#pending > 0) {
      if (trunk.#pending === trunk.#kept) trunk.#settle?.kept?.(trunk.#packet);
      return;
    }
    // First, as the packet may come again while its source is told.
    if (trunk.#listeners !== undefined) for (const hear of trunk.#listeners) hear(trunk.#failure);
    trunk.#settle?.(trunk.#packet, trunk.#failure);
  }

  /** Hears the end of the packet just before its source does; it must not throw. At once when that is past. */
  onSettled(listener: (failure: PacketFailure | undefined) => void) {
    const trunk = this.#trunk;
    if (trunk.#pending === 0) return listener(trunk.#failure);
    trunk.#listeners ??= [];
    trunk.#listeners.push(listener);
  }

  /** Adds the packet of `other` to what this one waits for. Copies of one packet wait for each other anyway. */
  follow(other: AckRoot) {
    const trunk = this.#trunk;
    const first = other.#trunk;
    if (first === trunk || trunk.#pending === 0) return;
    if (first.#waitsFor(trunk)) throw new Unavailable("it waits for a packet that waits for it: it has to come again");
    trunk.add();
    trunk.#follows ??= [];
    trunk.#follows.push(first);
    first.onSettled((failure) => (failure === undefined ? trunk.done() : trunk.fail(failure)));
  }

  /** Of trunks: true when this one cannot settle before `last`. */
  #waitsFor(last: AckRoot): boolean {
    const found = new Set<AckRoot>([this]);
    // What is added is looked at as well.
    for (const one of found) {
      if (one === last) return true;
      for (const next of one.#follows ?? []) if (next.#pending > 0) found.add(next);
    }
    return false;
  }

  /** Counts a packet with `key` on its way over durable edge `edge`: 1 for the first. */
  copy(edge: number, key: string): number {
    const trunk = this.#trunk;
    // Nearly always there is one packet, once, and a map for it costs a tenth of writing the row.
    if (trunk.#firstKey === undefined) {
      trunk.#firstKey = key;
      trunk.#firstEdge = edge;
      return 1;
    }
    trunk.#copies ??= new Map([[`${trunk.#firstEdge} ${trunk.#firstKey}`, 1]]);
    const name = `${edge} ${key}`;
    const count = (trunk.#copies.get(name) ?? 0) + 1;
    trunk.#copies.set(name, count);
    return count;
  }

  /** One copy failed; the first reason is what the source hears. */
  fail(failure: PacketFailure) {
    this.#trunk.#failure ??= failure;
    this.done();
  }
}

/** A way is part of a key, which has a bound; and through a loop it may be long. */
const MAX_WAY = 100;

const shortened = (way: string) => (way.length <= MAX_WAY ? way : `.${Bun.hash(way).toString(36)}`);
