import * as fs from "node:fs";
import type { DeadLetter, Redactor } from "../observe/index.ts";
import { writeAll } from "./standard_io.ts";

export interface DeadLetterFile {
  write(letter: DeadLetter): void;
  close(): void;
}

/** Appends every dead letter to `file` as a JSON line; without a file it does nothing. */
export function deadLetterFile(file: string | undefined, redactor: Redactor): DeadLetterFile {
  if (file === undefined) return { write() {}, close() {} };
  const descriptor = fs.openSync(file, "a");
  return {
    // A disk that is nearly full takes a part and says nothing; asked for the rest, it does.
    write: (letter) => writeAll(descriptor, Buffer.from(`${lineOf(letter, redactor)}\n`)),
    close: () => fs.closeSync(descriptor),
  };
}

/** The payload stays as it is, since a person replays it; a value that JSON cannot hold is told as text. */
function lineOf({ stack: _, ...letter }: DeadLetter, redactor: Redactor): string {
  const reason = redactor.text(letter.reason);
  try {
    return JSON.stringify({ ...letter, reason }, withoutBytes);
  } catch {
    const { packet, record, ...rest } = letter;
    return JSON.stringify({ ...rest, reason, packet_id: packet?.packet_id, record: Bun.inspect(packet ?? record) });
  }
}

/** As JSON a byte is a member of a map: a frame of 720p took 35 MB and held everything else up for six seconds. */
function withoutBytes(this: Record<string, unknown>, key: string, value: unknown): unknown {
  // A Buffer has been made a list of numbers by now.
  const bytes = this[key];
  return ArrayBuffer.isView(bytes) ? `[${bytes.constructor.name}, ${bytes.byteLength} bytes]` : value;
}
