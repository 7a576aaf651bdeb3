import type { Database } from "bun:sqlite";
import { parsePythonJson } from "../packet/index.ts";
import { isDamage } from "./damage.ts";
import type { QueueEntry } from "./entry.ts";
import { readAll, readRow } from "./pragma.ts";
import type { DeadEntry } from "./queue.ts";
import { checksum } from "./row.ts";

/** A row with whatever columns its table has. */
export type LooseRow = Readonly<Record<string, string | number | null>> & { readonly seq: number };

/** Reads that may fail before a table is given up, for one whose first page is gone: some seconds. */
const MAX_FAILURES = 1_000_000;
/** Where nothing says how far the numbers went. */
const LAST_NUMBER = 2 ** 40;

export interface Unreadable {
  from: number;
  to: number;
}

/**
 * Yields the rows of `table` up to number `last`, in order, around the pages that cannot be read: a range that fails is
 * halved until what fails is a single number.
 */
export function* readRange(
  db: Database,
  table: string,
  last: number | undefined,
  lost: Unreadable[],
): Generator<LooseRow> {
  const statement = db.prepare(`SELECT * FROM "${table}" NOT INDEXED WHERE seq BETWEEN ? AND ? ORDER BY seq`);
  const ranges: Unreadable[] = [{ from: 0, to: last ?? LAST_NUMBER }];
  let failures = 0;
  try {
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      let { from } = range;
      try {
        for (const row of statement.iterate(from, range.to) as Iterable<LooseRow>) {
          yield row;
          from = row.seq + 1;
        }
      } catch (error) {
        if (!isDamage(error)) throw error;
        failures += 1;
        if (from >= range.to || failures >= MAX_FAILURES) note(lost, { from, to: range.to });
        else ranges.push(...halves({ from, to: range.to }));
      }
    }
  } finally {
    statement.finalize();
  }
}

/** The lower one last, since it is taken first. */
function halves({ from, to }: Unreadable): Unreadable[] {
  const middle = from + Math.floor((to - from) / 2);
  return [
    { from: middle + 1, to },
    { from, to: middle },
  ];
}

function note(lost: Unreadable[], range: Unreadable) {
  const before = lost.at(-1);
  if (before !== undefined && before.to + 1 >= range.from) before.to = Math.max(before.to, range.to);
  else lost.push({ ...range });
}

/** The highest number that any of those who know it tell; rows and dead letters share their numbers. */
export function lastNumber(db: Database, tables: Iterable<string>, marked: number): number | undefined {
  const ask = ["SELECT max(seq) AS seq FROM sqlite_sequence"];
  for (const table of tables) ask.push(`SELECT max(seq) AS seq FROM "${table}" NOT INDEXED`);
  const told = [marked];
  for (const sql of ask) {
    try {
      told.push(Number(readRow<{ seq: number | null }>(db, sql)?.seq ?? 0));
    } catch {
      // Another one may be whole.
    }
  }
  const last = Math.max(...told.filter(Number.isSafeInteger));
  return last > 0 ? last : undefined;
}

/** Tables of a queue that the schema names, with their columns. */
export function tablesOf(db: Database): Map<string, Set<string>> {
  const tables = new Map<string, Set<string>>();
  for (const table of ["packets", "dead_letters"]) {
    try {
      const columns = readAll<{ name: string }>(db, `SELECT name FROM pragma_table_info('${table}')`);
      if (columns.some(({ name }) => name === "seq")) tables.set(table, new Set(columns.map(({ name }) => name)));
    } catch {
      // Its description is damaged, and with it the way to its rows.
    }
  }
  return tables;
}

const text = (value: string | number | null | undefined) => (typeof value === "string" ? value : "");
const number = (value: string | number | null | undefined) => (typeof value === "number" ? value : 0);

/** A row in our layout, or undefined when its checksum does not match. */
export function entryOf(row: LooseRow): QueueEntry | undefined {
  const { key, packet_id, ts, kind, source_id, payload, meta, partition, crc } = row;
  const fields = [key, packet_id, ts, kind, source_id, payload, meta];
  if (fields.some((field) => typeof field !== "string")) return undefined;
  const entry = { key, packet_id, ts, kind, source_id, payload, meta, partition: text(partition) } as QueueEntry;
  // The first layout had no partition, and no checksum over it.
  return crc === checksum(entry) || crc === Bun.hash.crc32(fields.join("\0")) ? entry : undefined;
}

/** A row in the predecessor's layout, which has no checksum: what is no JSON is damaged for certain. */
export function predecessorEntryOf(row: LooseRow): QueueEntry | undefined {
  const { idempotency_key: key, packet_id, ts, kind, source_id, payload_json: payload, meta_json: meta } = row;
  const fields = [key, packet_id, ts, kind, source_id, payload, meta];
  if (fields.some((field) => typeof field !== "string") || !isPythonJson(payload) || !isPythonJson(meta))
    return undefined;
  return { key, packet_id, ts, kind, source_id, payload, meta, partition: "" } as QueueEntry;
}

function isPythonJson(value: string | number | null | undefined): boolean {
  try {
    parsePythonJson(text(value));
    return true;
  } catch {
    return false;
  }
}

export function deadEntryOf(row: LooseRow): DeadEntry | undefined {
  const entry = entryOf(row);
  if (entry === undefined) return undefined;
  const { node, port, error, stack, attempts, first_failed_ms, last_failed_ms } = row;
  const told = { node: text(node), port: text(port), error: text(error), stack: text(stack) };
  const times = { firstFailedMs: number(first_failed_ms), lastFailedMs: number(last_failed_ms) };
  return { ...entry, ...told, ...times, attempts: number(attempts) };
}
