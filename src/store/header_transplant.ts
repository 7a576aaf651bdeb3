import { Database } from "bun:sqlite";
import * as fs from "node:fs";

const PAGE_BYTES = 4_096;

/**
 * Writes a new first page into `file`, whose own is lost: the one that the same statements give an empty database. It
 * says on which pages the tables begin, and they begin on the same ones, having been made in the same order. Were it
 * wrong, the checksums of the rows would say so. VACUUM puts the tables on other pages.
 */
export function transplantHeader(file: string, migrations: readonly string[], like: "new" | "vacuumed") {
  const page = emptyHeader(migrations, like);
  const pages = Math.floor(fs.statSync(file).size / PAGE_BYTES);
  // Offsets as in "Database File Format" of SQLite, 1.3: 18 and 19 say WAL; 24 and 92 must agree for 28 to hold.
  page[18] = 2;
  page[19] = 2;
  for (const at of [24, 92]) page.writeUInt32BE(1, at);
  page.writeUInt32BE(Math.max(1, pages), 28);
  // What was free is not known any more; for reading it makes no difference.
  page.writeUInt32BE(0, 32);
  page.writeUInt32BE(0, 36);
  const descriptor = fs.openSync(file, "r+");
  try {
    fs.writeSync(descriptor, new Uint8Array(page), 0, PAGE_BYTES, 0);
  } finally {
    fs.closeSync(descriptor);
  }
}

function emptyHeader(migrations: readonly string[], like: "new" | "vacuumed"): Buffer {
  const db = new Database(":memory:");
  try {
    for (const statements of migrations) db.run(statements);
    if (like === "vacuumed") db.run("VACUUM");
    return Buffer.from(db.serialize().subarray(0, PAGE_BYTES));
  } finally {
    db.close();
  }
}
