import { CLEARED, type Delivery, UNTRIED, widen } from "./delivery.ts";
import { Heap } from "./heap.ts";
import type { Ledger } from "./ledger.ts";
import type { LeaseRef } from "./queue.ts";
import { runsOf } from "./runs.ts";

export interface Lease {
  readonly seq: number;
  readonly attempt: number;
  readonly untilMs: number;
  readonly partition: string;
  readonly bytes: number;
  /** It may be what ended the process: 0 no, 1 it was out among others, 2 among a few. */
  readonly suspect: number;
  /** Leases count up, so of two the later one was handed out later. */
  readonly order: number;
  readonly delivery: Delivery;
}

/** What a row brings to its lease. */
export type Leased = Omit<Lease, "order" | "delivery" | "untilMs">;

/**
 * Rows that are out. They are kept in memory: the file has one owner, and opening it ends every lease.
 *
 * That a row was out is on the disk before it leaves, as ranges in `deliveries`: what a crash leaves there has had a
 * try, but for the rows that came back from it before (`tries.back`). A range is removed with its last lease.
 */
export class Leases {
  readonly #ledger: Ledger;
  readonly #out = new Map<number, Lease>();
  /** By partition, in an ordered queue. */
  readonly #lanes = new Map<string, Set<Lease>>();
  readonly #expiry = new Heap<Lease>((a, b) => a.untilMs < b.untilMs);
  #order = 0;
  #suspects = 0;
  #cleared = 0;
  #draining = false;
  /** Of this transaction, for a rollback. */
  #added: Lease[] = [];
  #removed: Lease[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get size(): number {
    return this.#out.size;
  }

  /** Out, and a process that ends may end because of them. */
  get exposed(): number {
    return this.#out.size - this.#cleared;
  }

  /** Suspects are out, which go by themselves, or are the next and wait until what is out has come in. */
  get closed(): boolean {
    return this.#suspects > 0 || (this.#draining && this.exposed > 0);
  }

  /** The next row is a suspect. */
  drain() {
    this.#draining = true;
  }

  get(seq: number): Lease | undefined {
    return this.#out.get(seq);
  }

  has(seq: number): boolean {
    return this.#out.has(seq);
  }

  /** The lease that `ref` names; with an attempt only if it is still held. */
  held({ seq, attempt }: LeaseRef): Lease | undefined {
    const lease = this.#out.get(seq);
    if (lease === undefined || attempt === undefined) return lease;
    return lease.attempt === attempt && lease.untilMs > this.#ledger.nowMs ? lease : undefined;
  }

  add(rows: readonly Leased[], untilMs: number) {
    const { sql } = this.#ledger;
    this.#draining = false;
    let at = 0;
    // Handed out as they stand here: with `liveFirst` a higher number may come before a lower one.
    const sorted = rows.map((row) => ({ ...row, order: ++this.#order })).sort((a, b) => a.seq - b.seq);
    for (const { from, to } of runsOf(sorted.map(({ seq }) => seq))) {
      const id = sql.insert("INSERT INTO deliveries (from_seq, to_seq) VALUES (?, ?)", from, to);
      const delivery: Delivery = { id, from, to, out: to - from + 1 };
      for (; at < sorted.length && sorted[at]!.seq <= to; at++) {
        const lease = { ...sorted[at]!, untilMs, delivery };
        this.#added.push(lease);
        this.#put(lease);
      }
    }
  }

  end(lease: Lease) {
    this.#removed.push(lease);
    this.#take(lease);
    this.#leave(lease);
  }

  /** These may be out for long and were processed: a crash from here on is not theirs. */
  clearOf(refs: readonly LeaseRef[]) {
    const cleared: Lease[] = [];
    for (const ref of refs) {
      const lease = this.held(ref);
      if (lease === undefined || lease.delivery === CLEARED) continue;
      if (lease.suspect > 0) this.#ledger.sql.run("UPDATE tries SET suspect = 0 WHERE seq = ?", lease.seq);
      this.end(lease);
      const replaced = { ...lease, suspect: 0, delivery: CLEARED };
      this.#added.push(replaced);
      this.#put(replaced);
      cleared.push(lease);
    }
    for (const [delivery, leases] of Map.groupBy(cleared, (lease) => lease.delivery)) this.#narrow(delivery, leases);
  }

  /** What is cleared at an end of a range is taken out of it, and what is in its middle is noted one by one. */
  #narrow(delivery: Delivery, cleared: readonly Lease[]) {
    if (delivery.out === 0) return;
    const { sql } = this.#ledger;
    while (this.#out.get(delivery.from)?.delivery !== delivery) delivery.from += 1;
    while (this.#out.get(delivery.to)?.delivery !== delivery) delivery.to -= 1;
    sql.run("UPDATE deliveries SET from_seq = ?, to_seq = ? WHERE id = ?", delivery.from, delivery.to, delivery.id);
    for (const { seq, attempt } of cleared) {
      if (seq > delivery.from && seq < delivery.to) sql.run(UNTRIED, seq, attempt - 1, 0, delivery.id);
    }
  }

  #leave({ delivery }: Lease) {
    if (delivery === CLEARED) return;
    delivery.out -= 1;
    if (delivery.out === 0) this.#ledger.sql.run("DELETE FROM deliveries WHERE id = ?", delivery.id);
  }

  /** Leases of the partition that were handed out after `order`, the last first. */
  later(partition: string, order: number): Lease[] {
    const lane = this.#lanes.get(partition);
    if (lane === undefined) return [];
    return [...lane].filter((lease) => lease.order > order).sort((a, b) => b.order - a.order);
  }

  /** Leases that have run out, those handed out first before the others. */
  expired(): Lease[] {
    const found: Lease[] = [];
    while (this.#nextExpiry !== undefined && this.#nextExpiry.untilMs <= this.#ledger.nowMs) {
      found.push(this.#expiry.pop()!);
    }
    return found.sort((a, b) => a.order - b.order);
  }

  get nextExpiryMs(): number | undefined {
    return this.#nextExpiry?.untilMs;
  }

  commit() {
    this.#added = [];
    this.#removed = [];
  }

  rollback() {
    const out = new Map(this.#out);
    for (const { seq } of this.#added) out.delete(seq);
    const added = new Set(this.#added);
    for (const lease of this.#removed) if (!added.has(lease)) out.set(lease.seq, lease);
    this.#refill([...out.values()]);
  }

  /** After another connection was opened, on which rows may be gone: keeps the leases of those that are there. */
  keep(isThere: (seq: number) => boolean) {
    this.#refill([...this.#out.values()].filter(({ seq }) => isThere(seq)));
    const { sql } = this.#ledger;
    sql.run("DELETE FROM deliveries");
    const leases = [...this.#out.values()];
    this.#refill([]);
    for (const lease of leases) {
      const cleared = lease.delivery === CLEARED;
      const id = cleared ? 0 : sql.insert("INSERT INTO deliveries (from_seq, to_seq) VALUES (?1, ?1)", lease.seq);
      const { seq } = lease;
      this.#put({ ...lease, delivery: cleared ? CLEARED : { id, from: seq, to: seq, out: 1 } });
    }
  }

  clear() {
    this.#refill([]);
  }

  get #nextExpiry(): Lease | undefined {
    for (let next = this.#expiry.first; next !== undefined; next = this.#expiry.first) {
      if (this.#out.get(next.seq) === next) return next;
      this.#expiry.pop();
    }
    return undefined;
  }

  #refill(leases: readonly Lease[]) {
    this.#out.clear();
    this.#lanes.clear();
    this.#expiry.clear();
    this.#suspects = 0;
    this.#cleared = 0;
    for (const { delivery } of leases) Object.assign(delivery, { out: 0, from: Number.MAX_SAFE_INTEGER, to: 0 });
    for (const lease of leases) {
      if (lease.delivery !== CLEARED) widen(lease.delivery, lease.seq);
      this.#put(lease);
    }
    this.commit();
  }

  #put(lease: Lease) {
    this.#out.set(lease.seq, lease);
    if (lease.delivery === CLEARED) this.#cleared += 1;
    if (lease.suspect > 0) this.#suspects += 1;
    if (lease.untilMs < Number.MAX_SAFE_INTEGER) this.#expiry.push(lease);
    if (!this.#ledger.options.ordered) return;
    const lane = this.#lanes.get(lease.partition);
    if (lane === undefined) this.#lanes.set(lease.partition, new Set([lease]));
    else lane.add(lease);
  }

  #take(lease: Lease) {
    this.#out.delete(lease.seq);
    if (lease.delivery === CLEARED) this.#cleared -= 1;
    if (lease.suspect > 0) this.#suspects -= 1;
    if (!this.#ledger.options.ordered) return;
    const lane = this.#lanes.get(lease.partition)!;
    lane.delete(lease);
    if (lane.size === 0) this.#lanes.delete(lease.partition);
  }
}
