import type { SQLiteError } from "bun:sqlite";
import * as fs from "node:fs";
import * as os from "node:os";
import { StoreError } from "./error.ts";
import { makeDurableFolder } from "./folder.ts";
import { foreign } from "./foreign.ts";
import { type Owner, ownerOf } from "./owner.ts";

/** What SQLite said, as an error that names the file and the way out. */
export function refusal(file: string, error: unknown): Error {
  if (error instanceof StoreError) return error;
  const { code = "", message } = error as SQLiteError;
  if (/^SQLITE_BUSY/.test(code)) return busy(file, error);
  return new StoreError(
    "QUEUE_UNOPENABLE",
    `cannot open queue ${file}: ${message}; ${mayWrite(file) ? "check the path and the right to write to its folder" : foreign(file)}`,
    { cause: error },
  );
}

function mayWrite(file: string): boolean {
  try {
    if (fs.existsSync(file)) fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function busy(file: string, cause: unknown): StoreError {
  if (isOurs(ownerOf(file))) {
    return new StoreError(
      "QUEUE_SHARED",
      `cannot open queue ${file}: this process, ${process.pid}, has it open already, by another name; name it once`,
      { cause },
    );
  }
  return new StoreError(
    "QUEUE_BUSY",
    `cannot open queue ${file}: ${ownerName(file)} has it, and a queue belongs to one process at a time; stop that one, or put producer and consumer into one graph`,
    { cause },
  );
}

const isOurs = (owner: Owner | undefined) => owner?.pid === process.pid && owner.host === os.hostname();

function ownerName(file: string): string {
  const owner = ownerOf(file);
  if (owner === undefined) return "another process";
  return `process ${owner.pid} on ${owner.host} (${owner.command})`;
}

/** Makes `folder`, each part of it on the disk before a file is. */
export function makeFolder(folder: string, file: string) {
  try {
    makeDurableFolder(folder);
  } catch (error) {
    throw refusal(file, error);
  }
}
