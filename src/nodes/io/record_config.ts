import * as v from "valibot";
import type { ConfigIssue, NodeContext, Port } from "../../node/index.ts";
import { ANY, port } from "../../node/index.ts";
import { CSV_TYPES } from "../csv_columns.ts";
import { CsvFormat } from "./csv_format.ts";
import { jsonlFormat, packetsFormat, textFormat } from "./line_formats.ts";
import { type LineFormat, LineReader } from "./line_reader.ts";
import { RecordPackets } from "./record_packets.ts";

const name = v.pipe(v.string(), v.minLength(1));
const csvType = v.picklist(CSV_TYPES);
const scalar = v.nullable(v.union([v.string(), v.number(), v.boolean()]));
const separator = v.pipe(v.string(), v.length(1), v.regex(/[^\r\n]/, "cannot be a line end"));

/** How bytes become records; shared by the sources of this folder. */
export const recordConfig = {
  format: v.pipe(
    v.picklist(["jsonl", "csv", "lines", "packets"]),
    v.description(
      "`jsonl`: a JSON value per line. `csv`: a record per row. `lines`: text, payload `{ line }`. " +
        "`packets`: what `jsonl_sink` writes.",
    ),
  ),
  kind: v.pipe(v.optional(name, "raw"), v.description("Kind of the packets; `packets` keep their own.")),
  columns: v.pipe(
    v.optional(v.record(name, v.union([csvType, v.strictObject({ type: csvType, empty: v.optional(scalar) })])), {}),
    v.description(
      "CSV: types by column: `string` (also where nothing is said), `number`, `integer`, `boolean`, `timestamp`, " +
        "or `{ type, empty }`, where `empty` is what an empty field stands for. Without a header: all columns in order.",
    ),
  ),
  header: v.pipe(v.optional(v.boolean(), true), v.description("CSV: the first row names the columns.")),
  delimiter: v.pipe(v.optional(separator, ","), v.description("CSV: character between fields.")),
  quote: v.pipe(
    v.optional(v.union([v.literal(""), separator]), '"'),
    v.description("CSV: character around fields that hold delimiters or line feeds; empty turns quoting off."),
  ),
  ts_field: v.pipe(v.optional(name), v.description("Field or column with the event time; now when left out.")),
  ts_format: v.pipe(
    v.optional(v.picklist(["iso", "unix_s", "unix_ms", "unix_us"]), "iso"),
    v.description("How `ts_field` is written. An ISO-8601 time is passed on as it stands."),
  ),
  source_id_field: v.pipe(v.optional(name), v.description("Field or column with the source id; else the node's id.")),
  on_bad_record: v.pipe(
    v.optional(v.picklist(["dead_letter", "fail"]), "dead_letter"),
    v.description("A record that cannot be read is set aside and counted, or ends the source with an error."),
  ),
  // 1 MiB is sixteen times a longest syslog line of 64 KiB, and small enough to hold for every source of a box.
  max_line_bytes: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(64), v.maxValue(256 * 1024 * 1024)), 1024 * 1024),
    v.description("Bound of one line or CSV record; a longer one is a bad record."),
  ),
};

const schema = v.strictObject(recordConfig);
export type RecordConfig = v.InferOutput<typeof schema>;

/** For the pages of both sources. */
export const RECORD_DOC = `Nothing is repaired. A record that cannot be read (a half-written JSON line, a CSV row with too few or too many
fields, text where a number belongs, bytes that are not UTF-8, a line above \`max_line_bytes\`) becomes a dead letter
with its file and line. \`meta.line\` of a packet is its line. UTF-8 only; a byte order mark, CRLF and a missing last
line end are fine; blank lines of \`jsonl\`, \`packets\` and \`csv\` are no records. JSON numbers are doubles: an id
above 2^53 has to be text.`;

/** What the schema alone cannot say. */
export function checkRecordConfig(config: RecordConfig): ConfigIssue[] {
  const { format, columns, header, delimiter, quote, ts_field, source_id_field } = config;
  const issues: ConfigIssue[] = [];
  if (format === "csv" && !header && Object.keys(columns).length === 0) {
    issues.push({
      path: ["columns"],
      message: "without a header the columns must be listed, in their order",
      hint: "columns: { time: timestamp, celsius: number }",
    });
  }
  // JavaScript moves such keys to the front, so their place in the file would be lost.
  const numbered = header ? undefined : Object.keys(columns).find((column) => /^\d+$/.test(column));
  if (numbered !== undefined) {
    issues.push({
      path: ["columns", numbered],
      message: `a column of a file without a header cannot have a number as its name: "${numbered}"`,
      hint: `c${numbered}`,
    });
  }
  if (format !== "csv" && Object.keys(columns).length > 0) {
    issues.push({ path: ["columns"], message: `columns belong to format csv: the format is ${format}` });
  }
  if (delimiter === quote) {
    issues.push({ path: ["quote"], message: "quote and delimiter must differ: both are " + JSON.stringify(quote) });
  }
  for (const [key, field] of Object.entries({ ts_field, source_id_field })) {
    if (field === undefined) continue;
    if (format === "lines" || format === "packets") {
      issues.push({ path: [key], message: `${key} needs fields: format ${format} has none to take it from` });
    } else if (format === "csv" && !header && !Object.hasOwn(columns, field)) {
      issues.push({ path: [key], message: `${key} must be one of the columns: "${field}" is not listed` });
    }
  }
  return issues;
}

export function recordPort({ format, kind }: RecordConfig): { out: Port } {
  return {
    out:
      format === "packets"
        ? port(ANY, "The packets as they were written.")
        : port(kind, "One packet per record.", "json_portable"),
  };
}

/** Bytes in, packets out. */
export interface RecordReader {
  readonly lines: LineReader;
  readonly packets: RecordPackets;
}

/** `origin` is where the bytes come from: a path, or `standard input`. */
export function recordReader(config: RecordConfig, origin: string, context: NodeContext): RecordReader {
  const packets = new RecordPackets({ ...config, origin }, context);
  const formats: Record<RecordConfig["format"], () => LineFormat> = {
    jsonl: () => jsonlFormat(packets),
    csv: () => new CsvFormat({ ...config, origin }, packets),
    lines: () => textFormat(packets),
    packets: () => packetsFormat(packets),
  };
  return { packets, lines: new LineReader(formats[config.format](), packets.reject, config.max_line_bytes) };
}

/**
 * Runs one step of reading and yields its packets, also those in front of a record that made it fail. None are
 * yielded as well: gigabytes without a good record would else be one pull, in which nothing else has its turn.
 */
export function* packetsOf({ packets }: RecordReader, step: () => void) {
  try {
    step();
  } catch (error) {
    const before = packets.drain();
    if (before.length > 0) yield before;
    throw error;
  }
  yield packets.drain();
}
