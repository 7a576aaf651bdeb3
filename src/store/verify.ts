import { checksum, ROW, type StoredRow } from "./row.ts";
import type { Statements } from "./statements.ts";

/** Rows looked at in one step; a queue may be larger than memory. */
const STEP = 1_000;

/** Faults of a queue's rows and counts, as sentences. Reads every row. */
export function verifyRows(sql: Statements): string[] {
  const structure = sql.all<{ integrity_check: string }>("PRAGMA integrity_check");
  const faults = structure.map((row) => row.integrity_check).filter((text) => text !== "ok");
  return [...faults, ...damagedRows(sql), ...countFaults(sql)];
}

function damagedRows(sql: Statements): string[] {
  const faults: string[] = [];
  for (let afterSeq = 0; ; ) {
    const rows = sql.all<StoredRow>(`SELECT ${ROW} FROM packets WHERE seq > ? ORDER BY seq LIMIT ?`, afterSeq, STEP);
    if (rows.length === 0) return faults;
    for (const row of rows) if (row.crc !== checksum(row)) faults.push(`row ${row.seq}: its checksum does not match`);
    afterSeq = rows.at(-1)!.seq;
  }
}

function countFaults(sql: Statements): string[] {
  const { enqueued, acked, dead } = sql.get<{ enqueued: number; acked: number; dead: number }>(
    "SELECT enqueued, acked, dead FROM totals",
  )!;
  const count = (table: string) => sql.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)!.n;
  const last = sql.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'packets'")?.seq ?? 0;
  const [rows, buried] = [count("packets"), count("dead_letters")];
  return [
    ...(last === enqueued ? [] : [`${enqueued} rows were enqueued, and the last number is ${last}`]),
    ...(buried === dead ? [] : [`${dead} rows were set aside, and ${buried} are there`]),
    ...(rows === enqueued - acked - dead ? [] : [`${enqueued - acked - dead} rows should be there, and ${rows} are`]),
  ];
}
