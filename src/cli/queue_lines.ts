import * as fs from "node:fs";
import { UsageError } from "./command/index.ts";
import type { Terminal } from "./terminal.ts";

/** A line with its number, from 1. */
export interface Line {
  at: number;
  text: string;
}

/** Standard input cannot be read twice, so it is held in memory. */
const MAX_INPUT = 256 * 1024 * 1024;
/** A row has at most 16 MiB; what is longer is no line of an export. */
const MAX_LINE = 40 * 1024 * 1024;

/** Reads a file from its beginning each time. */
export function linesOfFile(file: string): () => AsyncIterable<Line> {
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) throw new UsageError(`there is no file ${file}`);
  return () => numbered(Bun.file(file).stream());
}

export async function linesOfInput(terminal: Terminal): Promise<() => AsyncIterable<Line>> {
  const bytes = await terminal.stdin(MAX_INPUT);
  if (bytes === undefined) {
    throw new UsageError(
      `standard input has more than ${MAX_INPUT} bytes`,
      "write it to a file, and name that with --from",
    );
  }
  return () => numbered(new Blob([bytes as Uint8Array<ArrayBuffer>]).stream());
}

async function* numbered(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let at = 0;
  let rest = "";
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    for (const text of parts) {
      at += 1;
      if (text.trim() !== "") yield { at, text };
    }
    if (rest.length > MAX_LINE) throw new UsageError(`line ${at + 1} has more than ${MAX_LINE} characters`);
  }
  if (rest.trim() !== "") yield { at: at + 1, text: rest };
}
