import * as fs from "node:fs";
import type { Fact } from "./posts.ts";

/** Where what was taken is written down, one JSON line per fact, before it is answered. */
export interface Record {
  write(fact: Fact, isNew: boolean, atMs: number): void;
  /** Before the answer: with `fsync` it survives a power cut. */
  commit(): void;
  close(): void;
}

export function openRecord(file: string | undefined, fsync: boolean): Record {
  if (file === undefined) return { write() {}, commit() {}, close() {} };
  const descriptor = fs.openSync(file, "a");
  let lines = "";
  const commit = () => {
    if (lines === "") return;
    fs.writeSync(descriptor, lines);
    lines = "";
    if (fsync) fs.fsyncSync(descriptor);
  };
  return {
    write({ key, source, seq }, isNew, atMs) {
      lines += `${JSON.stringify({ at_ms: Math.round(atMs), key, source, seq, new: isNew })}\n`;
    },
    commit,
    close() {
      commit();
      fs.closeSync(descriptor);
    },
  };
}
