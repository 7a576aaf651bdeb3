import type { Totals } from "./ledger.ts";
import { BYTES, checksum, ROW, type StoredRow } from "./row.ts";
import type { Statements } from "./statements.ts";

/** Rows looked at in one step; a queue may be larger than memory. */
const STEP = 256;

/** Faults of a queue's rows and counts, as sentences. Reads every row, and holds up the queue meanwhile. */
export function verifyRows(sql: Statements, totals: Totals): string[] {
  const structure = sql.all<{ integrity_check: string }>("PRAGMA integrity_check");
  const faults = structure.map((row) => row.integrity_check).filter((text) => text !== "ok");
  return [...faults, ...damagedRows(sql), ...keyFaults(sql), ...countFaults(sql, totals)];
}

function damagedRows(sql: Statements): string[] {
  const faults: string[] = [];
  for (let afterSeq = 0; ; ) {
    const rows = sql.all<StoredRow>(PAGE, afterSeq, STEP);
    if (rows.length === 0) return faults;
    for (const row of rows) if (row.crc !== checksum(row)) faults.push(`row ${row.seq}: its checksum does not match`);
    afterSeq = rows.at(-1)!.seq;
  }
}

/** A row whose key is not known could be enqueued twice. */
function keyFaults(sql: Statements): string[] {
  const rows = sql.all<{ seq: number }>(UNKNOWN);
  return rows.map(({ seq }) => `row ${seq}: its key is not among those that are known`);
}

function countFaults(sql: Statements, totals: Totals): string[] {
  const last = sql.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'packets'")?.seq ?? 0;
  const found = sql.get<Pick<Totals, "waiting" | "bytes" | "dead" | "dead_bytes">>(COUNTS)!;
  const faults = Object.entries(found).flatMap(([name, count]) => {
    const told = totals[name as keyof typeof found];
    return told === count ? [] : [`${name} should be ${told}, and is ${count}`];
  });
  const { given, waiting, dead, done } = totals;
  if (last !== given) faults.push(`${given} numbers were given, and the last is ${last}`);
  if (given !== waiting + dead + done) {
    faults.push(`${given} numbers were given, and ${waiting} waiting + ${dead} dead + ${done} done are others`);
  }
  return faults;
}

const PAGE = `SELECT ${ROW} FROM packets AS p LEFT JOIN tries AS t ON t.seq = p.seq
  WHERE p.seq > ? ORDER BY p.seq LIMIT ?`;
/** Some tell enough. See `Keys.inherit` for the second form of a key. */
const UNKNOWN = `SELECT p.seq FROM packets AS p LEFT JOIN keys AS k ON k.seq = p.seq
  WHERE k.key IS NULL OR (k.key <> p.key AND k.key <> p.key || char(0) || p.seq) LIMIT 100`;
const COUNTS = `SELECT w.n AS waiting, w.bytes, d.n AS dead, d.bytes AS dead_bytes
  FROM (SELECT count(*) AS n, coalesce(sum(${BYTES}), 0) AS bytes FROM packets) AS w,
    (SELECT count(*) AS n, coalesce(sum(${BYTES}), 0) AS bytes FROM dead_letters) AS d`;
