/**
 * Prepared inserts with bun:sqlite, `synchronous = FULL`, BATCH rows per commit and nothing else. Rows per second.
 *
 *   bun bare_inserts.ts ROWS BATCH FILE
 */
import { Database } from "bun:sqlite";
import { rowsOf, TABLE } from "./queue_rows.ts";

const [count = "200000", batch = "256", file = "bare_inserts.sqlite3"] = process.argv.slice(2);
const rows = rowsOf(Number(count));
const db = new Database(file, { create: true });
for (const pragma of ["locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"])
  db.run(`PRAGMA ${pragma}`);
db.run(TABLE);
const insert = db.prepare("INSERT INTO packets VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)");
const commit = db.transaction((from: number, to: number) => {
  for (let at = from; at < to; at++) insert.run(...rows[at]!);
});
const size = Number(batch);
const startMs = performance.now();
for (let from = 0; from < rows.length; from += size) commit(from, Math.min(rows.length, from + size));
console.log(JSON.stringify({ enqueued: Math.round((rows.length / (performance.now() - startMs)) * 1_000) }));
