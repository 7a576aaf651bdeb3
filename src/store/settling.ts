import { MAX_DELAY_MS, MAX_ERROR } from "./bounds.ts";
import { UNTRIED } from "./delivery.ts";
import type { Graveyard } from "./graveyard.ts";
import type { Keys } from "./keys.ts";
import type { Lease, Leases } from "./leases.ts";
import type { Ledger } from "./ledger.ts";
import type { Line } from "./line.ts";
import type { Failure, LeaseRef, Settled } from "./queue.ts";
import { BYTES } from "./row.ts";
import { runsOf } from "./runs.ts";

interface Parts {
  ledger: Ledger;
  keys: Keys;
  leases: Leases;
  line: Line;
  graveyard: Graveyard;
}

/** A row somebody names: leased, or waiting when the lease was not named. */
interface Named {
  seq: number;
  bytes: number;
  partition: string;
  /** Tries it has had, this one included. */
  attempts: number;
  lease: Lease | undefined;
}

/** What becomes of rows that were handed out. */
export class Settling {
  readonly #parts: Parts;
  /** Acknowledged in the call that is under way; they are removed together. */
  readonly #leaving = new Set<number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  ack(leases: readonly LeaseRef[]): Settled[] {
    this.#leaving.clear();
    const results = leases.map((ref) => this.#each(ref, (row) => this.#leave(row)));
    const { ledger, keys } = this.#parts;
    const done = [...this.#leaving];
    this.#leaving.clear();
    for (const run of runsOf(done)) {
      this.#remove(run.from, run.to);
      keys.remember(run);
    }
    ledger.totals.done += done.length;
    keys.forget(2 * done.length + 16);
    return results;
  }

  nack(failures: readonly Failure[]): Settled[] {
    return failures.map((failure) => this.#each(failure, (row) => this.#failed(row, failure)));
  }

  /** The last first: in an ordered queue a row that comes back takes those of its partition behind it along. */
  release(leases: readonly LeaseRef[]): Settled[] {
    const results: Settled[] = [];
    for (let at = leases.length - 1; at >= 0; at--) {
      results[at] = this.#each(leases[at]!, ({ lease }) => {
        if (lease !== undefined) this.#comesBack(lease);
        return "done";
      });
    }
    return results;
  }

  /** A lease that ran out counts as a try: whoever has the row may have hung on it. */
  expireLeases() {
    for (const lease of this.#parts.leases.expired()) {
      // An earlier one of its partition may have taken it along.
      if (this.#parts.leases.get(lease.seq) !== lease) continue;
      this.#note(lease.seq, lease.attempt, 0, undefined, lease.delivery.id);
      this.#back(lease);
    }
  }

  /** Removes a row that waits, and forgets its key. */
  purge(seq: number): boolean {
    const { ledger, keys, leases, line } = this.#parts;
    const row = leases.has(seq) ? null : ledger.sql.get<Omit<Named, "lease">>(ONE, seq);
    if (row === null) return false;
    this.#remove(seq, seq);
    line.freed(row.partition);
    keys.drop(seq);
    ledger.totals.waiting -= 1;
    ledger.totals.bytes -= row.bytes;
    ledger.totals.done += 1;
    return true;
  }

  #each(ref: LeaseRef, act: (row: Named) => Settled): Settled {
    const { leases, ledger } = this.#parts;
    if (this.#leaving.has(ref.seq)) return "missing";
    const lease = leases.held(ref);
    if (lease !== undefined) return act({ ...lease, attempts: lease.attempt, lease });
    if (ref.attempt === undefined || !leases.has(ref.seq)) {
      const row = ledger.sql.get<Omit<Named, "lease">>(ONE, ref.seq);
      if (row === null) return "missing";
      if (ref.attempt === undefined) return act({ ...row, lease: undefined });
    }
    return "lost";
  }

  #leave({ seq, bytes, partition, lease }: Named): Settled {
    const { totals } = this.#parts.ledger;
    if (lease !== undefined) this.#parts.leases.end(lease);
    else this.#parts.line.freed(partition);
    totals.waiting -= 1;
    totals.bytes -= bytes;
    this.#leaving.add(seq);
    return "done";
  }

  #failed(row: Named, failure: Failure): Settled {
    const { reason, stack, node, port, delayMs, counted = true, permanent = false, beside } = failure;
    const { ledger, leases, line, graveyard } = this.#parts;
    const { seq, bytes, partition, lease } = row;
    const attempts = row.attempts - (counted || lease === undefined ? 0 : 1);
    if (permanent || (counted && attempts >= ledger.options.maxAttempts)) {
      if (lease !== undefined) leases.end(lease);
      else line.freed(partition);
      graveyard.bury(seq, bytes, { error: reason, stack, node, port, attempts: row.attempts });
      return "dead";
    }
    const dueMs = ledger.nowMs + Math.min(Math.max(0, Math.ceil(delayMs)), MAX_DELAY_MS);
    this.#note(seq, attempts, dueMs, reason, lease?.delivery.id ?? 0);
    if (lease !== undefined) leases.end(lease);
    // First, so that those behind it find their partition closed.
    line.delay(seq, partition, dueMs);
    if (lease !== undefined) this.#takeAlong(lease, beside);
    return "done";
  }

  /** Uncounted: back as it was. */
  #comesBack(lease: Lease) {
    const { sql } = this.#parts.ledger;
    if (lease.delivery.out > 1) sql.run(UNTRIED, lease.seq, lease.attempt - 1, lease.suspect, lease.delivery.id);
    this.#back(lease);
  }

  #back(lease: Lease) {
    this.#parts.leases.end(lease);
    this.#parts.line.returned(lease.seq);
    this.#takeAlong(lease);
  }

  /** In an ordered queue what was handed out behind it would be early now, all but `beside`. */
  #takeAlong({ partition, order }: Lease, beside: readonly number[] = []) {
    const { ledger, leases } = this.#parts;
    if (!ledger.options.ordered) return;
    const stay = new Set(beside);
    for (const lease of leases.later(partition, order)) if (!stay.has(lease.seq)) this.#comesBack(lease);
  }

  #note(seq: number, attempts: number, dueMs: number, error: string | undefined, delivery: number) {
    const { sql, nowMs } = this.#parts.ledger;
    const failedMs = error === undefined ? null : nowMs;
    sql.run(TRIED, seq, attempts, dueMs, failedMs, error?.slice(0, MAX_ERROR) ?? "", delivery);
  }

  #remove(from: number, to: number) {
    const { sql } = this.#parts.ledger;
    sql.run("DELETE FROM packets WHERE seq BETWEEN ? AND ?", from, to);
    sql.run("DELETE FROM tries WHERE seq BETWEEN ? AND ?", from, to);
  }
}

const ONE = `SELECT p.seq, ${BYTES} AS bytes, partition, coalesce(t.attempts, 0) AS attempts
  FROM packets AS p LEFT JOIN tries AS t ON t.seq = p.seq WHERE p.seq = ?`;
const TRIED = `INSERT INTO tries (seq, attempts, not_before_ms, first_failed_ms, error, suspect, back)
  VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)
  ON CONFLICT (seq) DO UPDATE SET attempts = ?2, not_before_ms = ?3, first_failed_ms = coalesce(first_failed_ms, ?4),
    error = CASE ?5 WHEN '' THEN error ELSE ?5 END, suspect = 0, back = max(back, ?6)`;
