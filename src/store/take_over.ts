import type { Ledger } from "./ledger.ts";

/**
 * Opening a file ends every lease: it has one owner at a time, so whoever held one is gone. What was out has had a
 * try, and is suspect, for it may be what ended the process. But what was out together with others, of which no node may
 * have seen it, has a try left in any case: it goes out alone (suspect 2), and a crash then is its own. Where more was
 * out than a group, it goes out in groups first (suspect 1), as one by one they would take seconds.
 */
export function takeOver({ sql, nowMs, options }: Ledger) {
  const { out } = sql.get<{ out: number }>(COUNT_OUT)!;
  sql.run(COUNT_TRIES, out > SUSPECT_GROUP ? 1 : 2, options.maxAttempts - 1);
  sql.run("DELETE FROM deliveries");
  // A wall clock that was ahead when they were written would keep rows back for longer than any delay asked for here.
  sql.run("UPDATE tries SET not_before_ms = ?1 WHERE not_before_ms > ?1", nowMs + options.maxDelayMs);
}

/** What is out when the file is closed in order has had a try as well, and is suspect of nothing. */
export function handOver({ sql }: Ledger) {
  sql.run(COUNT_TRIES, 0, Number.MAX_SAFE_INTEGER);
  sql.run("DELETE FROM deliveries");
}

/**
 * Suspects that go together. Alone, with a commit each, the 1,024 rows of one call would take seconds after every power
 * cut; one of 32 that ends the process again makes 32 go alone.
 */
export const SUSPECT_GROUP = 32;

const OUT = `FROM deliveries AS d JOIN packets AS p ON p.seq BETWEEN d.from_seq AND d.to_seq
    LEFT JOIN tries AS t ON t.seq = p.seq
  WHERE d.id > coalesce(t.back, 0)`;
const COUNT_OUT = `SELECT count(*) AS out ${OUT}`;

/** Of what was out alone every try counts; of the others, up to ?2 of them. */
const COUNT_TRIES = `INSERT INTO tries (seq, attempts, not_before_ms, first_failed_ms, error, suspect, back)
  SELECT p.seq, min(1, ?2), 0, NULL, '', ?1, 0
  ${OUT}
  GROUP BY p.seq
  ON CONFLICT (seq) DO UPDATE SET not_before_ms = 0, suspect = ?1,
    attempts = CASE suspect WHEN 2 THEN attempts + 1 ELSE max(attempts, min(attempts + 1, ?2)) END`;
