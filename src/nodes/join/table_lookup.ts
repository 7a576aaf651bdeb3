import { durationMs } from "../../base/duration.ts";
import type { NodeContext } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { type Found, type Lookup, MISSED } from "./lookup.ts";
import type { TableConfig } from "./lookup_config.ts";
import { type Rows, readTable } from "./table_text.ts";

/** Read at once while everything else waits: about half a second. */
const MAX_BYTES = 64 * 1024 * 1024;

/** A file that is in memory as a whole, and is read again when it has changed. */
export class TableLookup implements Lookup {
  readonly #table: TableConfig;
  readonly #keyOf: (packet: StreamPacket) => string | number;
  readonly #context: NodeContext;
  readonly #checkMs: number;
  #rows: Rows;
  /** What the file was when it was read last, well or not. */
  #stamp = "";
  #checkedAtMs: number;
  #reloaded = 0;
  #failed = 0;

  constructor(table: TableConfig, keyOf: (packet: StreamPacket) => string | number, context: NodeContext) {
    this.#table = table;
    this.#keyOf = keyOf;
    this.#context = context;
    this.#checkMs = durationMs(table.check);
    this.#checkedAtMs = context.clock.monotonicMs();
    this.#rows = this.#read();
  }

  find(packet: StreamPacket): Found {
    const key = this.#keyOf(packet);
    if (this.#context.clock.monotonicMs() - this.#checkedAtMs >= this.#checkMs) this.#check();
    const row = this.#rows.get(String(key));
    return row === undefined ? MISSED : { status: "found", row };
  }

  metrics() {
    return { table_rows: this.#rows.size, reloads_total: this.#reloaded, reload_failed_total: this.#failed };
  }

  close() {}

  /** New rows take the place of the old ones in one step, or not at all. */
  #check() {
    this.#checkedAtMs = this.#context.clock.monotonicMs();
    try {
      if (this.#stampNow() === this.#stamp) return;
      this.#rows = this.#read();
      this.#reloaded += 1;
      this.#context.log.info("the table was read again", { file: this.#table.path, rows: this.#rows.size });
    } catch (error) {
      this.#failed += 1;
      const fields = { error: (error as Error).message, rows: this.#rows.size };
      this.#context.log.warn("keeping the rows read before: the table cannot be read as it is now", fields);
    }
  }

  #read(): Rows {
    const { files } = this.#context;
    const { path } = this.#table;
    try {
      const { size } = files.stat(path);
      if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, at most ${MAX_BYTES}: put it into SQLite`);
      this.#stamp = this.#stampNow();
      const text = new TextDecoder("utf-8", { fatal: true }).decode(files.readBytes(path));
      const rows = readTable(text, this.#table);
      if (this.#stampNow() === this.#stamp) return rows;
      // Somebody is writing it: it is read again at the next look.
      this.#stamp = "";
      throw new Error("it changed while it was read; write another file and rename it to this name");
    } catch (error) {
      throw new Error(`cannot read the table "${path}": ${why(error as NodeJS.ErrnoException, files.resolve(path))}`, {
        cause: error,
      });
    }
  }

  #stampNow(): string {
    const { mtimeMs, size, ino } = this.#context.files.stat(this.#table.path);
    return `${ino} ${size} ${mtimeMs}`;
  }
}

function why({ code, message }: NodeJS.ErrnoException, absolute: string): string {
  if (code === "ENOENT") return `there is no such file at ${absolute}`;
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "it is not valid UTF-8";
  return message;
}
