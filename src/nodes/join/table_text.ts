import { BAD, type Column, fieldValue, headerColumns, recordMaker, whyBad } from "../csv_columns.ts";
import { CsvRow, OPEN } from "../csv_row.ts";
import { isMap } from "../payload_path.ts";
import type { TableConfig } from "./lookup_config.ts";

/** Rows in memory, by key. */
export type Rows = ReadonlyMap<string, unknown>;

/** About 200 MB as rows in memory; more is a database. */
const MAX_ROWS = 1_000_000;

/** Reads a table. Throws and says where it is wrong: one bad row is a bad file, as a lookup must not guess. */
export function readTable(text: string, table: TableConfig): Rows {
  const plain = text.startsWith("\ufeff") ? text.slice(1) : text;
  if (/\.csv$/i.test(table.path)) return csvRows(plain, table);
  return /\.json$/i.test(table.path) ? jsonRows(plain, table) : jsonlRows(plain, table);
}

class Table {
  readonly rows = new Map<string, unknown>();
  readonly #lines = new Map<string, string>();
  readonly #key: string;

  constructor({ key }: TableConfig) {
    this.#key = key!;
  }

  add(row: unknown, where: string) {
    const value = isMap(row) ? row[this.#key] : undefined;
    if ((typeof value !== "string" || value === "") && typeof value !== "number") {
      throw new Error(
        `${where} has no key: "${this.#key}" must be text or a number, it is ${JSON.stringify(value) ?? "missing"}`,
      );
    }
    this.put(String(value), row, where);
  }

  put(key: string, row: unknown, where: string) {
    const before = this.#lines.get(key);
    if (before !== undefined) throw new Error(`${where} has the key "${key.slice(0, 100)}" of ${before} again`);
    if (this.rows.size >= MAX_ROWS) throw new Error(`it has more than ${MAX_ROWS} rows: put it into SQLite`);
    this.#lines.set(key, where);
    this.rows.set(key, row);
  }
}

function csvRows(text: string, config: TableConfig): Rows {
  const table = new Table(config);
  const row = new CsvRow(",", '"');
  let columns: Column[] | undefined;
  let make = recordMaker([]);
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const end = row.find(text, at);
    const where = `line ${line}`;
    if (end === OPEN || row.fault !== "") throw new Error(`${where}: ${row.fault || "a quoted field is not closed"}`);
    const isBlank = row.count === 1 && !row.quoted && row.starts[0] === row.ends[0];
    if (columns === undefined) {
      const names = Array.from({ length: row.count }, (_, i) => row.field(text, i));
      columns = headerColumns(names, config.columns, { "table.key": config.key }, config.path);
      make = recordMaker(columns);
    } else if (!isBlank) {
      table.add(make(valuesOf(text, row, columns, where)), where);
    }
    line += text.slice(at, end).split("\n").length - 1;
    at = end;
  }
  if (columns === undefined) throw new Error("it is empty: its first line must name the columns");
  return table.rows;
}

function valuesOf(text: string, row: CsvRow, columns: readonly Column[], where: string): unknown[] {
  if (row.count !== columns.length) {
    throw new Error(`${where}: the record has ${row.count} fields, not ${columns.length}`);
  }
  return columns.map((column, i) => {
    const field = row.field(text, i);
    const value = fieldValue(field, column);
    if (value !== BAD) return value;
    throw new Error(`${where}: ${whyBad(field, column)}`);
  });
}

function jsonRows(text: string, config: TableConfig): Rows {
  const table = new Table(config);
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value) && config.key !== undefined) {
    for (const [at, row] of value.entries()) table.add(row, `item ${at + 1}`);
  } else if (isMap(value) && config.key === undefined) {
    for (const [key, row] of Object.entries(value)) table.put(key, row, `key "${key}"`);
  } else {
    throw new Error(
      config.key === undefined
        ? "without table.key it must be a map from key to row"
        : `with table.key "${config.key}" it must be a list of rows`,
    );
  }
  return table.rows;
}

function jsonlRows(text: string, config: TableConfig): Rows {
  const table = new Table(config);
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const where = `line ${at + 1}`;
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch {
      throw new Error(`${where} is not JSON: ${line.slice(0, 80)}`);
    }
    table.add(row, where);
  }
  return table.rows;
}
