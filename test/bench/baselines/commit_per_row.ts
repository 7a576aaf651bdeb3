/**
 * A queue as the predecessor had it: one commit per row, one per ack, `synchronous = FULL`. Rows per second of each.
 *
 *   bun commit_per_row.ts ROWS FILE
 */
import { Database } from "bun:sqlite";
import { rowsOf, TABLE } from "./queue_rows.ts";

const [count = "20000", file = "commit_per_row.sqlite3"] = process.argv.slice(2);
const rows = rowsOf(Number(count));
const db = new Database(file, { create: true });
for (const pragma of ["locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"])
  db.run(`PRAGMA ${pragma}`);
db.run(TABLE);

const insert = db.prepare("INSERT OR IGNORE INTO packets VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)");
const perSecond = (work: () => void) => {
  const startMs = performance.now();
  work();
  return Math.round((rows.length / (performance.now() - startMs)) * 1_000);
};

const enqueued = perSecond(() => {
  for (const row of rows) insert.run(...row);
});
const read = db.prepare("SELECT * FROM packets ORDER BY seq LIMIT 100");
const remove = db.prepare("DELETE FROM packets WHERE seq = ?");
const acked = perSecond(() => {
  for (let batch = read.values(); batch.length > 0; batch = read.values()) {
    for (const [seq, , , , , , payload, meta] of batch) {
      JSON.parse(payload as string);
      JSON.parse(meta as string);
      remove.run(seq as number);
    }
  }
});
console.log(JSON.stringify({ enqueued, acked }));
