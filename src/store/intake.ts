import type { QueueEntry } from "./entry.ts";
import { StoreError } from "./error.ts";
import { AT_ONCE, type Keys } from "./keys.ts";
import type { Leases } from "./leases.ts";
import type { Ledger } from "./ledger.ts";
import type { Line } from "./line.ts";
import type { Enqueued } from "./queue.ts";
import { BYTES, bytesOf, checksum } from "./row.ts";
import { runsOf } from "./runs.ts";

interface Waiting {
  seq: number;
  partition: string;
  bytes: number;
}

interface Parts {
  ledger: Ledger;
  keys: Keys;
  leases: Leases;
  line: Line;
}

/** Rows come in by here: one number and one row for each new key, within the bounds. */
export class Intake {
  readonly #file: string;
  readonly #ledger: Ledger;
  readonly #keys: Keys;
  readonly #parts: Parts;

  constructor(file: string, parts: Parts) {
    this.#file = file;
    this.#ledger = parts.ledger;
    this.#keys = parts.keys;
    this.#parts = parts;
  }

  /** Throws QUEUE_FULL or QUEUE_ENTRY before it has written anything. */
  enqueue(entries: readonly QueueEntry[]): Enqueued[] {
    const sizes = entries.map(bytesOf);
    this.#checkSizes(entries, sizes);
    this.#makeRoom(entries, sizes);
    const results: Enqueued[] = [];
    let at = 0;
    for (; at + AT_ONCE <= entries.length; at += AT_ONCE) this.#insertMany(entries, sizes, at, results);
    for (; at < entries.length; at++) results.push(this.#insert(entries[at]!, sizes[at]!));
    this.#keys.forget(2 * entries.length + 16);
    return results;
  }

  /** A dead letter that waits again, at the end of the line; it keeps its key, unless it goes to another partition. */
  revive(letter: QueueEntry, formerSeq: number, partition: string | undefined) {
    const { totals } = this.#ledger;
    const entry = partition === undefined ? letter : { ...letter, partition, key: this.#keyIn(letter, partition) };
    const seq = totals.given + 1;
    this.#keys.hand(entry.key, formerSeq, seq);
    this.#write(seq, entry, bytesOf(entry));
    totals.done += 1;
  }

  /** In the usual case, which is that no key is known, one statement writes many rows, in half the time. */
  #insertMany(entries: readonly QueueEntry[], sizes: readonly number[], from: number, results: Enqueued[]) {
    const first = this.#ledger.totals.given + 1;
    if (!this.#keys.claimAll(entries, from, first)) {
      for (let at = from; at < from + AT_ONCE; at++) results.push(this.#insert(entries[at]!, sizes[at]!));
      return;
    }
    const { sql, nowMs } = this.#ledger;
    const values: (string | number)[] = [];
    for (let at = from; at < from + AT_ONCE; at++) {
      const seq = first + at - from;
      push(values, seq, nowMs, entries[at]!);
      this.#count(seq, sizes[at]!);
      results.push({ seq, duplicate: false });
    }
    sql.run(INSERT_MANY, ...values);
  }

  #insert(entry: QueueEntry, bytes: number): Enqueued {
    const seq = this.#ledger.totals.given + 1;
    const known = this.#keys.claim(entry.key, seq);
    if (known !== undefined) return { seq: known, duplicate: true };
    this.#write(seq, entry, bytes);
    return { seq, duplicate: false };
  }

  /** A letter's key ends with where it belongs. Two letters of one packet may meet there, so it may get a number. */
  #keyIn({ key, partition: former }: QueueEntry, partition: string): string {
    const end = former === "" ? -1 : key.lastIndexOf(`@${former}`);
    return this.#keys.unused(end <= 0 ? key : `${key.slice(0, end)}@${partition}`);
  }

  #write(seq: number, entry: QueueEntry, bytes: number) {
    const values: (string | number)[] = [];
    push(values, seq, this.#ledger.nowMs, entry);
    this.#ledger.sql.run(INSERT, ...values);
    this.#count(seq, bytes);
  }

  #count(seq: number, bytes: number) {
    const { totals } = this.#ledger;
    totals.given = seq;
    totals.waiting += 1;
    totals.bytes += bytes;
    if (bytes > totals.largest) totals.largest = bytes;
  }

  /** One that will never fit is told as such: QUEUE_FULL would be asked for again for ever. */
  #checkSizes(entries: readonly QueueEntry[], sizes: readonly number[]) {
    const { maxBytes } = this.#ledger.options;
    const at = sizes.findIndex((size, index) => size > maxBytes && !this.#keys.isKnown(entries[index]!.key));
    if (at < 0) return;
    throw new StoreError(
      "QUEUE_ENTRY",
      `cannot enqueue packet ${entries[at]!.packet_id} into ${this.#file}: its payload and meta have ${sizes[at]} bytes, and max_bytes is ${maxBytes}; raise max_bytes, or keep large bytes in a file with payload_ref`,
    );
  }

  #makeRoom(entries: readonly QueueEntry[], sizes: readonly number[]) {
    const { totals, options } = this.#ledger;
    const room = options.maxBytes - totals.bytes;
    if (sum(sizes) <= room) return;
    // What is known already takes none: a call that is repeated must not fail for what its first try filled.
    const bytes = sum(sizes.filter((_, at) => !this.#keys.isKnown(entries[at]!.key)));
    const over = bytes - room;
    if (over <= 0) return;
    const evicted = options.overflow === "drop_oldest" ? this.#evictable(over) : undefined;
    if (evicted === undefined) {
      throw new StoreError(
        "QUEUE_FULL",
        `cannot enqueue ${bytes} bytes into ${this.#file}: ${totals.bytes} bytes wait there, and max_bytes is ${options.maxBytes}; wait until rows have left, or raise max_bytes`,
      );
    }
    for (const run of runsOf(evicted.map(({ seq }) => seq))) this.#drop(run.from, run.to);
    for (const { partition } of evicted) this.#parts.line.freed(partition);
    totals.bytes -= sum(evicted.map(({ bytes: size }) => size));
    totals.waiting -= evicted.length;
    totals.done += evicted.length;
    totals.dropped_oldest += evicted.length;
  }

  /** The oldest rows that wait and have together so many bytes; undefined when there are too few. */
  #evictable(bytes: number): Waiting[] | undefined {
    const found: Waiting[] = [];
    for (let afterSeq = 0, left = bytes; ; ) {
      const rows = this.#ledger.sql.all<Waiting>(OLDEST, afterSeq);
      if (rows.length === 0) return undefined;
      for (const row of rows) {
        afterSeq = row.seq;
        if (this.#parts.leases.has(row.seq)) continue;
        found.push(row);
        left -= row.bytes;
        if (left <= 0) return found;
      }
    }
  }

  /** Their keys are remembered as if they had been delivered: a late copy of one is not wanted either. */
  #drop(from: number, to: number) {
    const { sql } = this.#ledger;
    sql.run("DELETE FROM packets WHERE seq BETWEEN ? AND ?", from, to);
    sql.run("DELETE FROM tries WHERE seq BETWEEN ? AND ?", from, to);
    this.#keys.remember({ from, to });
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

function push(values: (string | number)[], seq: number, nowMs: number, entry: QueueEntry) {
  const { key, packet_id, ts, kind, source_id, payload, meta, partition } = entry;
  values.push(seq, key, nowMs, packet_id, ts, kind, source_id, payload, meta, partition, checksum(entry));
}

const COLUMNS = "seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, partition, crc";
const VALUES = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const INSERT = `INSERT INTO packets (${COLUMNS}) VALUES ${VALUES}`;
const INSERT_MANY = `INSERT INTO packets (${COLUMNS}) VALUES ${Array(AT_ONCE).fill(VALUES).join(", ")}`;
const OLDEST = `SELECT seq, partition, ${BYTES} AS bytes FROM packets WHERE seq > ? ORDER BY seq LIMIT 64`;
