import type { Database } from "bun:sqlite";
import type { Alarms } from "./alarms.ts";
import type { FileOptions } from "./guards.ts";
import type { HighWater } from "./high_water.ts";
import { readRow } from "./pragma.ts";

type Words = FileOptions["words"];

interface Tail {
  db: Database;
  water: HighWater;
  alarms: Alarms;
  /** The last number this process knows of. */
  knownSeq: number;
  /** The file takes the place of a damaged one, which has the rows. */
  isNew: boolean;
}

/**
 * Compares the numbers in the file with the mark beside it. What is missing at the end was given once and is gone;
 * SQLite does not say so. The sequence goes on above the mark, so that no number is given to two rows.
 */
export function compareNumbers({ db, water, alarms, knownSeq, isNew }: Tail, options: FileOptions) {
  const { sequence, onSkip } = options;
  const last = lastNumber(db, sequence);
  const given = Math.max(water.mark.seq, knownSeq);
  const missing = Math.max(0, given - last);
  if (missing > 0) {
    db.transaction(() => {
      goOnAfter(db, sequence, given);
      onSkip(db, missing);
    }).immediate();
    // After the transaction: a crash in between counts them once less, and never twice.
    if (!isNew) tellLost({ alarms, water }, last, given, options.words);
  }
  if (isNew && missing > 0) alarms.tell("info", `its numbers go on after ${given}`);
  water.note({ seq: Math.max(last, given), lost: water.mark.lost + (isNew ? 0 : missing) });
}

function tellLost({ alarms, water }: Pick<Tail, "alarms" | "water">, last: number, given: number, words: Words) {
  const missing = given - last;
  const so = words?.lost(missing) ?? `${missing} numbers are missing; those not acknowledged before are lost`;
  const message = `it lost its end: the last row in it is ${last}, and ${given} were numbered (${water.file}), so ${so}; look at the disk, and whether somebody touched ${water.file.replace(/\.hwm$/, "-wal")}`;
  alarms.tell("error", message, { tailLost: missing, last, given });
}

const SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = ?";

const lastNumber = (db: Database, table: string) => readRow<{ seq: number }>(db, SEQUENCE, table)?.seq ?? 0;

function goOnAfter(db: Database, table: string, seq: number) {
  const { changes } = db.run("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", [seq, table]);
  if (changes === 0) db.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, seq]);
}
