import { constants, Database } from "bun:sqlite";
import * as fs from "node:fs";
import type { KeptCheckpoint } from "./checkpoint.ts";
import { type CheckpointFileOptions, openStateFile } from "./checkpoint_file.ts";
import { CHECKPOINT_FILE } from "./checkpoint_layout.ts";
import { checkpointIn } from "./checkpoint_rows.ts";
import { isDamage } from "./damage.ts";
import { StoreError } from "./error.ts";
import { checkOwner } from "./migrate.ts";
import { refusal } from "./refusal.ts";
import { refuseNewerState } from "./state_version.ts";
import { statements } from "./statements.ts";

/** The checkpoint in a file that no process has, without changing the file. Undefined when there is none. Throws a StoreError. */
export function readStateFile(file: string): KeptCheckpoint | undefined {
  if (!fs.existsSync(file)) return undefined;
  try {
    refuseNewerState(file);
    return look(file);
  } catch (error) {
    if (!isDamage(error)) throw refusal(file, error);
    const advice = "the next run moves it aside and begins without it";
    const message = `cannot read state ${file}: it is damaged (${(error as Error).message}); ${advice}`;
    throw new StoreError("QUEUE_UNOPENABLE", message, { cause: error });
  }
}

function look(file: string): KeptCheckpoint | undefined {
  // Reading makes files for the log and its index beside it; those that were there before belong to somebody.
  const made = [`${file}-shm`, `${file}-wal`].filter((name) => !fs.existsSync(name));
  const db = new Database(`file:${encodeURI(file).replace(/[?#]/g, encodeURIComponent)}?mode=ro`, READ_ONLY);
  const sql = statements(db);
  try {
    checkOwner(db, file, CHECKPOINT_FILE.applicationId);
    return checkpointIn(sql);
  } finally {
    sql.finalize();
    // While this connection has its lock nobody of ours can come in, so these are the ones it made.
    for (const name of made) fs.rmSync(name, { force: true });
    db.close();
  }
}

const READ_ONLY = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;

/** Drops the state of one part from a file that no process has; false: there is none. Throws a StoreError. */
export function dropState(file: string, part: string, options: CheckpointFileOptions): boolean {
  const host = openStateFile(file, options);
  try {
    return host.drop(part);
  } finally {
    host.close();
  }
}
