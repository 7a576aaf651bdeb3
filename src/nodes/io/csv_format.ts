import {
  BAD,
  type Column,
  type ColumnSpecs,
  configColumns,
  fieldValue,
  headerColumns,
  type RecordMaker,
  recordMaker,
  shortDecimal,
  whyBad,
} from "../csv_columns.ts";
import { CsvRow, OPEN } from "../csv_row.ts";
import type { LineFormat } from "./line_reader.ts";
import type { RecordPackets } from "./record_packets.ts";

export interface CsvOptions {
  /** For errors: the path, or `standard input`. */
  origin: string;
  columns: ColumnSpecs;
  ts_field?: string | undefined;
  source_id_field?: string | undefined;
  header: boolean;
  /** One character. */
  delimiter: string;
  /** One character, or empty for none. */
  quote: string;
  /** Bound of one record, quoted line feeds included. */
  max_line_bytes: number;
}

/**
 * CSV after RFC 4180, record by record and strict: a record that has too few or too many fields, a quote
 * where none may stand, or a field that is not of its column's type is rejected with its line. After a bad
 * quote reading goes on with the next line, so a stray quote costs a record and not the rest of the file.
 */
export class CsvFormat implements LineFormat {
  readonly #options: CsvOptions;
  readonly #packets: RecordPackets;
  readonly #row: CsvRow;
  #columns: readonly Column[] | undefined;
  /** A record whose quoted field goes on behind the last block, and the number of its first line. */
  #open = "";
  #openLine = 0;
  #invalid = new Set<number>();
  /** Values of the record at hand, by column. */
  readonly #values: unknown[] = [];
  #record: RecordMaker = () => ({});

  constructor(options: CsvOptions, packets: RecordPackets) {
    this.#options = options;
    this.#packets = packets;
    this.#row = new CsvRow(options.delimiter, options.quote);
    this.reset();
  }

  get open(): boolean {
    return this.#open !== "";
  }

  take(text: string, line: number, invalid?: ReadonlySet<number>): number {
    if (invalid) for (const each of invalid) this.#invalid.add(each);
    const end =
      this.#open === "" ? this.#read(text, line, false) : this.#read(this.#open + text, this.#openLine, false);
    if (this.#open === "") this.#invalid.clear();
    return end - line;
  }

  end(): void {
    if (this.#open !== "") this.#read(this.#open, this.#openLine, true);
    this.#forgetOpen();
  }

  reset(): void {
    if (this.#open !== "")
      this.#packets.reject(this.#open, this.#openLine, "the file was truncated inside a quoted field");
    this.#forgetOpen();
    if (this.#options.header) this.#columns = undefined;
    else this.#useColumns(configColumns(this.#options.columns));
  }

  #useColumns(columns: readonly Column[]) {
    this.#columns = columns;
    this.#record = recordMaker(columns);
  }

  #forgetOpen() {
    this.#open = "";
    this.#invalid.clear();
  }

  /** Reads records from `text`, which begins one; gives back the number of the line behind it. */
  #read(text: string, firstLine: number, last: boolean): number {
    const { max_line_bytes } = this.#options;
    const row = this.#row;
    let line = firstLine;
    this.#open = "";
    for (let at = 0; at < text.length; ) {
      const end = row.find(text, at);
      if (end === OPEN && !last && text.length - at <= max_line_bytes) {
        this.#open = text.slice(at);
        this.#openLine = line;
        return line + linesIn(text, at, text.length);
      }
      const fault = row.fault || this.#openFault(end === OPEN, (end === OPEN ? text.length : end) - at);
      if (fault !== "") {
        at = this.#rejectLine(text, at, line, fault);
        line += 1;
        continue;
      }
      const lines = row.quoted ? linesIn(text, at, end) : 1;
      this.#take(text, at, end, line, lines);
      line += lines;
      at = end;
    }
    return line;
  }

  #openFault(open: boolean, length: number): string {
    const { max_line_bytes } = this.#options;
    // One more for the line feed, which LineReader does not count either.
    if (length > max_line_bytes + 1)
      return `a quoted field makes the record longer than max_line_bytes (${max_line_bytes})`;
    return open ? "a quoted field is not closed before the end" : "";
  }

  #take(text: string, at: number, end: number, line: number, lines: number) {
    if (this.#row.count === 1 && !this.#row.quoted && this.#row.starts[0] === this.#row.ends[0]) return;
    const columns = this.#columns;
    if (columns === undefined) {
      this.#useColumns(this.#readHeader(text));
    } else if (this.#row.count !== columns.length) {
      this.#rejectRecord(text, at, end, line, `the record has ${this.#row.count} fields, not ${columns.length}`);
    } else if (this.#invalid.size > 0 && this.#hasInvalid(line, lines)) {
      this.#rejectRecord(text, at, end, line, "the record is not valid UTF-8");
    } else {
      this.#typedRecord(text, at, end, line, columns);
    }
  }

  #typedRecord(text: string, at: number, end: number, line: number, columns: readonly Column[]) {
    const starts = this.#row.starts;
    const ends = this.#row.ends;
    const values = this.#values;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      let value: unknown = column.numeric ? shortDecimal(text, starts[i]!, ends[i]!) : Number.NaN;
      if (Number.isNaN(value) || (column.whole && !Number.isSafeInteger(value))) {
        value = fieldValue(this.#row.field(text, i), column);
      }
      if (value === BAD) {
        this.#rejectRecord(text, at, end, line, whyBad(this.#row.field(text, i), column));
        return;
      }
      values[i] = value;
    }
    this.#packets.accept(this.#record(values), line);
  }

  #readHeader(text: string) {
    const { columns, origin, ts_field, source_id_field } = this.#options;
    const names = Array.from({ length: this.#row.count }, (_, i) => this.#row.field(text, i));
    return headerColumns(names, columns, { ts_field, source_id_field }, origin);
  }

  #hasInvalid(line: number, lines: number) {
    for (let i = line; i < line + lines; i++) if (this.#invalid.has(i)) return true;
    return false;
  }

  #rejectRecord(text: string, at: number, end: number, line: number, reason: string) {
    this.#packets.reject(text.slice(at, end).trimEnd(), line, reason);
  }

  #rejectLine(text: string, at: number, line: number, reason: string): number {
    const feed = text.indexOf("\n", at);
    const end = feed === -1 ? text.length : feed;
    this.#packets.reject(text.slice(at, end), line, reason);
    return end + 1;
  }
}

/** Lines of text, the last one with or without its line feed. */
function linesIn(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to && at < text.length; lines++) {
    const feed = text.indexOf("\n", at);
    at = feed === -1 ? text.length : feed + 1;
  }
  return lines;
}
