import { Database } from "bun:sqlite";
import * as fs from "node:fs";
import * as path from "node:path";
import { isDamage } from "./damage.ts";
import type { QueueEntry } from "./entry.ts";
import { transplantHeader } from "./header_transplant.ts";
import { HighWater } from "./high_water.ts";
import { MIGRATIONS } from "./layout.ts";
import type { DeadEntry } from "./queue.ts";
import {
  deadEntryOf,
  entryOf,
  lastNumber,
  predecessorEntryOf,
  readRange,
  tablesOf,
  type Unreadable,
} from "./salvage_rows.ts";

/** What was read, in the order of the numbers; the rows that wait come before the dead letters. */
export interface SalvageBatch {
  rows: QueueEntry[];
  dead: DeadEntry[];
}

export interface SalvageReport {
  /** `none`: no table of a queue can be found in it. */
  layout: "schnitzel" | "predecessor" | "none";
  rows: number;
  dead: number;
  /** Read and not given on: their checksum does not match. */
  damaged: number;
  /** Numbers behind which there are damaged pages only. Rows that had left the queue before are among them. */
  unreadable: ({ table: string } & Unreadable)[];
  /** Its first page was lost, and made anew from the tables that every queue has. */
  headerRebuilt: boolean;
}

export interface SalvageOptions {
  /** What makes an empty queue, to know where its tables begin when the first page is lost. */
  migrations?: readonly string[];
  /** Where the copy lies meanwhile, which is as large as the file; its own folder unless said otherwise. */
  scratch?: string;
}

type Into = (batch: SalvageBatch) => void | Promise<void>;

/** Longer than what SQLite takes for no database at all, and no database. */
const HEADER_BYTES = 512;

/** Rows given on at once, and the bytes from which on a batch is full. */
const BATCH_ROWS = 256;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Reads what can be read of a queue file that was moved aside. A copy of it is read, with its log, since to open a
 * database is to change it. A row is believed by its checksum; the predecessor's have none, so of these the JSON must be
 * whole. Rows come as they were: who enqueues them relies on their keys to keep those out that are there already.
 */
export async function salvage(corruptFile: string, into: Into, options: SalvageOptions = {}): Promise<SalvageReport> {
  const scratch = options.scratch ?? path.dirname(path.resolve(corruptFile));
  const folder = fs.mkdtempSync(path.join(scratch, ".salvage-"));
  try {
    const copy = path.join(folder, "copy.sqlite3");
    const marked = new HighWater(corruptFile).mark.seq;
    copyWithLog(corruptFile, copy);
    const read = async (header: Header, give: Into) => {
      copyWithLog(corruptFile, copy);
      if (header !== "its own") transplantHeader(copy, options.migrations ?? MIGRATIONS, header);
      return { ...(await readCopy(copy, give, marked)), headerRebuilt: header !== "its own" };
    };
    return await read(await bestHeader(read), into);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Where the tables begin: as the file says, as in a new queue, as in one that was made shorter. */
type Header = "its own" | "new" | "vacuumed";

/** The file's own, unless another one leads to more. */
async function bestHeader(read: (header: Header, give: Into) => Promise<SalvageReport>): Promise<Header> {
  const own = await read("its own", () => {});
  if (own.rows > 0 && own.damaged === 0 && own.unreadable.length === 0) return "its own";
  let best: Header = "its own";
  let most = own.rows + own.dead;
  for (const header of ["new", "vacuumed"] as const) {
    const { rows, dead } = await read(header, () => {});
    if (rows + dead <= most) continue;
    best = header;
    most = rows + dead;
  }
  return best;
}

function copyWithLog(from: string, to: string) {
  for (const end of ["", "-wal"]) {
    fs.rmSync(to + end, { force: true });
    if (fs.existsSync(from + end)) fs.copyFileSync(from + end, to + end, fs.constants.COPYFILE_FICLONE);
  }
  // Of a file that is gone only the log may be left; beside an empty one SQLite would delete it.
  if (!fs.existsSync(to)) fs.writeFileSync(to, Buffer.alloc(HEADER_BYTES));
}

async function readCopy(copy: string, into: Into, marked: number): Promise<SalvageReport> {
  const report: SalvageReport = { layout: "none", rows: 0, dead: 0, damaged: 0, unreadable: [], headerRebuilt: false };
  const db = new Database(copy, { strict: true });
  try {
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    // A table whose description is damaged must not keep the other one out of sight.
    db.run("PRAGMA writable_schema = ON");
    await readTables(db, into, marked, report);
  } catch (error) {
    if (!isDamage(error)) throw error;
  } finally {
    db.close();
  }
  return report;
}

async function readTables(db: Database, into: Into, marked: number, report: SalvageReport) {
  const tables = tablesOf(db);
  const packets = tables.get("packets");
  if (packets?.has("payload_json")) report.layout = "predecessor";
  else if (tables.size > 0) report.layout = "schnitzel";
  const readRow = report.layout === "predecessor" ? predecessorEntryOf : entryOf;
  const batch = new Batch(into);
  const last = lastNumber(db, tables.keys(), marked);
  for (const table of tables.keys()) {
    const lost: Unreadable[] = [];
    for (const row of readRange(db, table, last, lost)) {
      const entry = table === "packets" ? readRow(row) : undefined;
      const letter = table === "dead_letters" ? deadEntryOf(row) : undefined;
      if (entry !== undefined) report.rows += 1;
      else if (letter !== undefined) report.dead += 1;
      else report.damaged += 1;
      await batch.add(entry, letter);
    }
    report.unreadable.push(...lost.map((range) => ({ table, ...range })));
  }
  await batch.flush();
}

class Batch {
  readonly #into: Into;
  #now: SalvageBatch = { rows: [], dead: [] };
  #bytes = 0;

  constructor(into: Into) {
    this.#into = into;
  }

  async add(row: QueueEntry | undefined, letter: DeadEntry | undefined) {
    if (row !== undefined) this.#now.rows.push(row);
    if (letter !== undefined) this.#now.dead.push(letter);
    const entry = row ?? letter;
    this.#bytes += entry === undefined ? 0 : entry.payload.length + entry.meta.length;
    if (this.#now.rows.length + this.#now.dead.length >= BATCH_ROWS || this.#bytes >= BATCH_BYTES) await this.flush();
  }

  async flush() {
    const full = this.#now;
    this.#now = { rows: [], dead: [] };
    this.#bytes = 0;
    if (full.rows.length + full.dead.length > 0) await this.#into(full);
  }
}
