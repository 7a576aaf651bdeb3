import type { Place } from "./diagnostic.ts";

/** A text that diagnostics point into, with its line starts. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  /** Lines before this text in the file, for YAML that was cut out of Markdown. */
  readonly lineOffset: number;
  #lineStarts: number[] | undefined;

  constructor(file: string, text: string, lineOffset = 0) {
    this.file = file;
    this.text = text;
    this.lineOffset = lineOffset;
  }

  /** The place between two offsets; offsets past the end mean the end. */
  place(start: number, end = start): Place {
    const from = this.#lineAndColumn(start);
    const to = this.#lineAndColumn(Math.max(start, end));
    return { file: this.file, ...from, endLine: to.line, endColumn: to.column };
  }

  #lineAndColumn(offset: number): { line: number; column: number } {
    this.#lineStarts ??= lineStarts(this.text);
    const at = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1 + this.lineOffset, column: at - this.#lineStarts[low]! + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
