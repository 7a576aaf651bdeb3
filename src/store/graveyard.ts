import { MAX_ERROR } from "./bounds.ts";
import { copyOf, type Keys, MAX_COPIES } from "./keys.ts";
import type { Ledger } from "./ledger.ts";
import type { DeadEntry, DeadRow } from "./queue.ts";
import { BYTES, bytesOf, checksum } from "./row.ts";

/** Why a row is set aside. */
export interface Cause {
  error: string;
  stack?: string | undefined;
  node?: string | undefined;
  port?: string | undefined;
  /** Tries it has had; undefined: as its `tries` say. */
  attempts?: number | undefined;
}

interface StoredLetter extends DeadEntry {
  seq: number;
  enqueued_ms: number;
  first_failed_ms: number;
  last_failed_ms: number;
}

/** Dead letters: rows set aside for a person, out of the way of the others. Bounded; the oldest go first, counted. */
export class Graveyard {
  readonly #ledger: Ledger;
  readonly #keys: Keys;

  constructor(ledger: Ledger, keys: Keys) {
    this.#ledger = ledger;
    this.#keys = keys;
  }

  /** Takes a row of `packets` over; the key stays with it. */
  bury(seq: number, bytes: number, { error, stack = "", node = "", port = "", attempts }: Cause) {
    const { sql, totals, nowMs } = this.#ledger;
    sql.run(BURY, node, port, cut(error), cut(stack), attempts ?? null, nowMs, seq);
    sql.run("DELETE FROM packets WHERE seq = ?", seq);
    sql.run("DELETE FROM tries WHERE seq = ?", seq);
    totals.waiting -= 1;
    totals.bytes -= bytes;
    totals.dead += 1;
    totals.dead_bytes += bytes;
    this.#bound();
  }

  /**
   * A letter that was never a row here. The same packet of the same key from the same node is the same letter, told
   * again; another packet is a letter of its own. The key of a row that waits stays with that row.
   */
  add(told: DeadEntry) {
    const letter = this.#apart({ ...told, error: cut(told.error), stack: cut(told.stack) });
    if (letter === undefined) return;
    const { sql, totals, nowMs } = this.#ledger;
    const { key, packet_id, ts, kind, source_id, payload, meta, partition, node, port, error, stack } = letter;
    const { attempts, firstFailedMs, lastFailedMs } = letter;
    totals.given += 1;
    const seq = totals.given;
    sql.run(NUMBER, seq);
    const packet = [packet_id, ts, kind, source_id, payload, meta, partition, checksum(letter)] as const;
    sql.run(ADD, seq, key, nowMs, ...packet, node, port, error, stack, attempts, firstFailedMs, lastFailedMs);
    this.#keys.inherit(key, seq);
    totals.dead += 1;
    totals.dead_bytes += bytesOf(letter);
    this.#bound();
  }

  list(afterSeq: number, count: number): DeadRow[] {
    return this.#ledger.sql.all<StoredLetter & { crc: number }>(LIST, afterSeq, count).map(({ crc, ...stored }) => {
      const letter = letterOf(stored);
      return crc === checksum(stored) ? letter : { ...letter, damaged: true };
    });
  }

  /** Takes letters out, for good or to wait again. */
  take(seq: number): DeadRow | undefined {
    const { sql, totals } = this.#ledger;
    const stored = sql.get<StoredLetter>(ONE, seq);
    if (stored === null) return undefined;
    sql.run(REMOVE, seq);
    totals.dead -= 1;
    totals.dead_bytes -= bytesOf(stored);
    return letterOf(stored);
  }

  /** Under a key that no other packet of that input has; undefined: it is here, and now says what happened last. */
  #apart(letter: DeadEntry): DeadEntry | undefined {
    const { sql, totals } = this.#ledger;
    const { node, port, error, stack, attempts, lastFailedMs } = letter;
    for (let copy = 1; copy <= MAX_COPIES; copy++) {
      const one = { ...letter, key: copyOf(letter.key, copy) };
      const again = sql.run(AGAIN, error, stack, attempts, lastFailedMs, one.key, node, port, checksum(one));
      if (again > 0) return undefined;
      if (sql.get(TAKEN, one.key, node, port) === null) return one;
    }
    return { ...letter, key: copyOf(letter.key, totals.given + 1) };
  }

  /** A letter that goes is remembered as a row that is done: a late copy of it is still one. */
  #bound() {
    const { sql, totals, options } = this.#ledger;
    while (totals.dead > options.maxDead || totals.dead_bytes > options.maxDeadBytes) {
      const oldest = sql.get<{ seq: number; bytes: number }>(OLDEST);
      if (oldest === null) return;
      sql.run(REMOVE, oldest.seq);
      totals.dead -= 1;
      totals.dead_bytes -= oldest.bytes;
      totals.done += 1;
      totals.dead_dropped += 1;
      this.#keys.remember({ from: oldest.seq, to: oldest.seq });
    }
  }
}

function letterOf({ enqueued_ms, first_failed_ms, last_failed_ms, ...letter }: StoredLetter): DeadRow {
  return { ...letter, enqueuedMs: enqueued_ms, firstFailedMs: first_failed_ms, lastFailedMs: last_failed_ms };
}

const cut = (text: string) => text.slice(0, MAX_ERROR);

const COLUMNS = `seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, partition, crc, node, port,
  error, stack, attempts, first_failed_ms, last_failed_ms`;
/** Also a letter whose number is lower than one that was removed before. */
const BURY = `INSERT INTO dead_letters (${COLUMNS})
  SELECT p.seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, partition, crc, ?1, ?2, ?3, ?4,
    coalesce(?5, t.attempts, 0), coalesce(t.first_failed_ms, ?6), ?6
  FROM packets AS p LEFT JOIN tries AS t ON t.seq = p.seq WHERE p.seq = ?7`;
const ADD = `INSERT INTO dead_letters (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const AGAIN = `UPDATE dead_letters SET error = ?, stack = ?, attempts = ?, last_failed_ms = ?
  WHERE key = ? AND node = ? AND port = ? AND crc = ?`;
const TAKEN = "SELECT 1 FROM dead_letters WHERE key = ? AND node = ? AND port = ?";
/** A number that no row of `packets` has is given all the same. */
const NUMBER = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'packets'";
const SHOWN = `seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, partition, node, port, error,
  stack, attempts, first_failed_ms, last_failed_ms`;
const LIST = `SELECT ${SHOWN}, crc FROM dead_letters WHERE seq > ? ORDER BY seq LIMIT ?`;
const ONE = `SELECT ${SHOWN} FROM dead_letters WHERE seq = ?`;
const REMOVE = "DELETE FROM dead_letters WHERE seq = ?";
const OLDEST = `SELECT seq, ${BYTES} AS bytes FROM dead_letters ORDER BY seq LIMIT 1`;
