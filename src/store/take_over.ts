import type { Ledger } from "./ledger.ts";

/**
 * Opening a file ends every lease: it has one owner at a time, so whoever held one is gone. What was out has had a
 * try, and is suspect, for it may be what ended the process.
 */
export function takeOver({ sql, nowMs, options }: Ledger) {
  sql.run(COUNT_TRIES, 1);
  sql.run("DELETE FROM deliveries");
  // A wall clock that was ahead when they were written would keep rows back for longer than any delay asked for here.
  sql.run("UPDATE tries SET not_before_ms = ?1 WHERE not_before_ms > ?1", nowMs + options.maxDelayMs);
}

/** What is out when the file is closed in order has had a try as well, and is suspect of nothing. */
export function handOver({ sql }: Ledger) {
  sql.run(COUNT_TRIES, 0);
  sql.run("DELETE FROM deliveries");
}

const COUNT_TRIES = `INSERT INTO tries (seq, attempts, not_before_ms, first_failed_ms, error, suspect, back)
  SELECT p.seq, 1, 0, NULL, '', ?1, 0
  FROM deliveries AS d JOIN packets AS p ON p.seq BETWEEN d.from_seq AND d.to_seq
    LEFT JOIN tries AS t ON t.seq = p.seq
  WHERE d.id > coalesce(t.back, 0)
  GROUP BY p.seq
  ON CONFLICT (seq) DO UPDATE SET attempts = attempts + 1, not_before_ms = 0, suspect = ?1`;
