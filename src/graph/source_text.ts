import type { Place, UseSite } from "./diagnostic.ts";

/** A text that diagnostics point into, with its line starts. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  /** Lines before this text in the file, for YAML that was cut out of Markdown. */
  readonly lineOffset: number;
  /** Which node brought the file in; undefined for the graph itself. */
  readonly usedBy: UseSite | undefined;
  #lineStarts: number[] | undefined;

  constructor(file: string, text: string, lineOffset = 0, usedBy?: UseSite) {
    this.file = file;
    this.text = text;
    this.lineOffset = lineOffset;
    this.usedBy = usedBy;
  }

  /** The same text for another node that brings it in: its places say so. */
  forUse(usedBy: UseSite): SourceText {
    const other = new SourceText(this.file, this.text, this.lineOffset, usedBy);
    this.#lineStarts ??= lineStarts(this.text);
    other.#lineStarts = this.#lineStarts;
    return other;
  }

  /** The place between two offsets; offsets past the end mean the end. */
  place(start: number, end = start): Place {
    const from = this.#lineAndColumn(start);
    const to = this.#lineAndColumn(Math.max(start, end));
    const place: Place = { file: this.file, ...from, endLine: to.line, endColumn: to.column };
    if (this.usedBy !== undefined) place.usedBy = this.usedBy;
    return place;
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
