import { MAX_REMEMBERED } from "./bounds.ts";
import type { Ledger } from "./ledger.ts";
import type { Run } from "./runs.ts";

/** Rows written by one statement: more gain little. */
export const AT_ONCE = 16;
/** Acks within so much time are remembered as one, of the time of the first: at most so much shorter than asked for. */
const SAME_MS = 1_000;
/** Rows of one key that are numbered one after the other; those beyond have the number of the row. */
export const MAX_COPIES = 16;

/** The key of the so manieth row that came with `key` and is another packet. */
export const copyOf = (key: string, copy: number) => (copy === 1 ? key : `${key}#${copy}`);

/**
 * Which keys are known: each has one row from the enqueue until `rememberMs` after the ack.
 *
 * The ack itself touches no key: it notes the numbers that are done and when, as ranges, in its transaction. The rows
 * of those past the window are removed by and by, twice as fast as new ones come; until then they are not believed.
 */
export class Keys {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Gives the key to `seq`, or says which number has it. */
  claim(key: string, seq: number): number | undefined {
    const { sql } = this.#ledger;
    if (sql.run(CLAIM, seq, key) > 0) return undefined;
    const known = this.#find(key)!;
    if (!this.#isPast(known)) return known;
    this.#ledger.totals.remembered -= 1;
    sql.run("UPDATE keys SET seq = ? WHERE seq = ?", seq, known);
    return undefined;
  }

  /** Gives the keys of `AT_ONCE` entries to the numbers from `first` on; false, and nothing done, when one is known. */
  claimAll(entries: readonly { key: string }[], from: number, first: number): boolean {
    const { sql } = this.#ledger;
    const values: (string | number)[] = [];
    for (let at = 0; at < AT_ONCE; at++) values.push(first + at, entries[from + at]!.key);
    if (sql.run(CLAIM_ALL, ...values) === AT_ONCE) return true;
    sql.run("DELETE FROM keys WHERE seq BETWEEN ? AND ?", first, first + AT_ONCE - 1);
    return false;
  }

  /**
   * As `claim`, but a key that is only remembered changes hands. One that another row has stays there: two dead letters
   * may be of one packet. This one is then known by a key that no packet has.
   */
  inherit(key: string, seq: number) {
    const known = this.claim(key, seq);
    if (known === undefined) return;
    const { sql, totals } = this.#ledger;
    if (sql.get(PRESENT, known, known) !== null) return void sql.run(CLAIM, seq, `${key}\0${seq}`);
    totals.remembered -= 1;
    this.#move(known, seq);
  }

  /** The row of number `from` becomes that of number `to`. */
  hand(key: string, from: number, to: number) {
    if (this.#find(key) === from) return this.#move(from, to);
    this.drop(from);
    this.inherit(key, to);
  }

  /** `key`, or, when a row that is here has it, the first of `key#2`, `key#3` … that none has. */
  unused(key: string): string {
    for (let copy = 1; copy <= MAX_COPIES; copy++) {
      const one = copyOf(key, copy);
      const known = this.#find(one);
      if (known === undefined || this.#ledger.sql.get(PRESENT, known, known) === null) return one;
    }
    return copyOf(key, this.#ledger.totals.given + 1);
  }

  isKnown(key: string): boolean {
    const seq = this.#find(key);
    return seq !== undefined && !this.#isPast(seq);
  }

  drop(seq: number) {
    this.#ledger.sql.run("DELETE FROM keys WHERE seq = ?", seq);
  }

  /** `run` is done now: its keys are known for the window. */
  remember({ from, to }: Run) {
    const { sql, nowMs, totals, options } = this.#ledger;
    totals.remembered += to - from + 1;
    const last = sql.get<Acked>(BEFORE, from);
    const sameMs = Math.min(SAME_MS, options.rememberMs / 100);
    if (last !== null && last.to_seq === from - 1 && nowMs - last.acked_ms <= sameMs) {
      // The time stays: a range that went on with every ack would keep its first key for ever.
      sql.run("UPDATE acked SET to_seq = ? WHERE from_seq = ?", to, last.from_seq);
    } else sql.run("INSERT INTO acked VALUES (?, ?, ?)", from, to, nowMs);
  }

  /** Removes at most `count` keys that are past the window, or too many, the oldest first. */
  forget(count: number) {
    const { sql, totals, options, nowMs } = this.#ledger;
    for (let left = count; left > 0; ) {
      const oldest = sql.get<Acked>("SELECT from_seq, to_seq, acked_ms FROM acked ORDER BY acked_ms LIMIT 1");
      if (oldest === null) return;
      if (oldest.acked_ms > nowMs - options.rememberMs && totals.remembered <= MAX_REMEMBERED) return;
      const to = Math.min(oldest.to_seq, oldest.from_seq + left - 1);
      left -= to - oldest.from_seq + 1;
      totals.remembered -= sql.run("DELETE FROM keys WHERE seq BETWEEN ? AND ?", oldest.from_seq, to);
      if (to === oldest.to_seq) sql.run("DELETE FROM acked WHERE from_seq = ?", oldest.from_seq);
      else sql.run("UPDATE acked SET from_seq = ? WHERE from_seq = ?", to + 1, oldest.from_seq);
    }
  }

  /** Times of a clock that was ahead would keep a key for longer than the window. */
  clamp() {
    this.#ledger.sql.run("UPDATE acked SET acked_ms = ?1 WHERE acked_ms > ?1", this.#ledger.nowMs);
  }

  /** The number that has a key, also when its window has passed. */
  #find(key: string): number | undefined {
    return this.#ledger.sql.get<{ seq: number }>("SELECT seq FROM keys WHERE key = ?", key)?.seq;
  }

  #move(from: number, to: number) {
    this.#ledger.sql.run("UPDATE keys SET seq = ? WHERE seq = ?", to, from);
  }

  #isPast(seq: number): boolean {
    const { sql, nowMs, options } = this.#ledger;
    const acked = sql.get<Acked>(BEFORE, seq);
    return acked !== null && acked.to_seq >= seq && acked.acked_ms <= nowMs - options.rememberMs;
  }
}

interface Acked {
  from_seq: number;
  to_seq: number;
  acked_ms: number;
}

const CLAIM_ALL = `INSERT OR IGNORE INTO keys (seq, key) VALUES ${Array(AT_ONCE).fill("(?, ?)").join(", ")}`;
const CLAIM = "INSERT OR IGNORE INTO keys (seq, key) VALUES (?, ?)";
const BEFORE = "SELECT from_seq, to_seq, acked_ms FROM acked WHERE from_seq <= ? ORDER BY from_seq DESC LIMIT 1";
const PRESENT = "SELECT 1 FROM packets WHERE seq = ? UNION ALL SELECT 1 FROM dead_letters WHERE seq = ?";
