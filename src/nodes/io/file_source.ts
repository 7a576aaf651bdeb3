import * as v from "valibot";
import { type ConfigIssue, defineNode, type NodeContext, type SourceInstance } from "../../node/index.ts";
import { fileError } from "./file_error.ts";
import { CHUNK_BYTES, readOn, readOnce } from "./file_reading.ts";
import {
  checkRecordConfig,
  packetsOf,
  RECORD_DOC,
  type RecordReader,
  recordConfig,
  recordPort,
  recordReader,
} from "./record_config.ts";

const config = v.strictObject({
  path: v.pipe(v.string(), v.minLength(1), v.description("File to read.")),
  ...recordConfig,
  compression: v.pipe(
    v.optional(v.picklist(["auto", "none", "gzip"]), "auto"),
    v.description("`auto` unpacks a file whose name ends in `.gz`."),
  ),
  follow: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Goes on at the end of the file, through rotation and truncation, until the run is stopped."),
  ),
  start: v.pipe(
    v.optional(v.picklist(["beginning", "end"]), "beginning"),
    v.description("With `follow`: where to begin in the file that is there first."),
  ),
  poll_ms: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(1)), 250),
    v.description("With `follow`: how often to look for more."),
  ),
});

type Config = v.InferOutput<typeof config>;

export const fileSource = defineNode({
  name: "file_source",
  kind: "source",
  stateVersion: 1,
  doc: `Reads records from a file, plain or gzip, once or for as long as it grows.

${RECORD_DOC}

**CSV** is RFC 4180, strict. Fields are never trimmed. An empty field is empty text in a \`string\` column and a bad
record in any other, unless the column says what it stands for (\`{ type: number, empty: null }\`).

**follow** goes by name, as \`tail -F\`: the file may be missing at first; one that was renamed is read to its end
for one more \`poll_ms\` before the new one begins; one that was truncated begins anew, also when it has grown past the
old size since. The last line waits for its line end. With \`start: end\` lines are numbered from where reading
began, and the header is taken from the beginning.

**Place**: with \`checkpoint\` in the graph a later run goes on behind the last record that is in a checkpoint, also in a
file that was renamed in its folder meanwhile. A packed file is read from its beginning.`,
  config,
  outputs: recordPort,
  check: (options) => [...checkRecordConfig(options), ...checkFollow(options)],
  // A file that is followed may come later.
  reads: ({ path, follow }) => (follow ? [] : [{ path: ["path"], file: path }]),
  examples: [
    {
      title: "Typed CSV, a bad row set aside",
      config: {
        path: "weather.csv",
        format: "csv",
        kind: "sensor",
        columns: { date: "timestamp", temp_max: "number", wind: { type: "number", empty: null } },
        ts_field: "date",
      },
      files: { "weather.csv": "date,temp_max,wind\n2012-01-01,12.8,\n2012-01-02,warm,4.5\n2012-01-03,11.7,2.3\n" },
      output: {
        out: [
          { kind: "sensor", ts: "2012-01-01", payload: { date: "2012-01-01", temp_max: 12.8, wind: null } },
          { kind: "sensor", ts: "2012-01-03", payload: { date: "2012-01-03", temp_max: 11.7, wind: 2.3 } },
        ],
      },
    },
    {
      title: "JSON lines",
      config: { path: "in.jsonl", format: "jsonl" },
      files: { "in.jsonl": '{"celsius":4}\n' },
      output: { out: [{ payload: { celsius: 4 }, meta: { line: 1 } }] },
    },
  ],
  create(options, context) {
    const path = context.files.resolve(options.path);
    const newReader = () => recordReader(options, path, context);
    if (isPacked(options)) return unpacking(path, newReader, context);
    const hasHead = options.format === "csv" && options.header;
    const reading = { path, newReader, hasHead, maxLineBytes: options.max_line_bytes };
    if (!options.follow) return readOnce(reading, context);
    return readOn(reading, { ...options, path, chunk_bytes: CHUNK_BYTES, with_first_line: hasHead }, context);
  },
});

function isPacked({ compression, path }: Config) {
  return compression === "gzip" || (compression === "auto" && path.endsWith(".gz"));
}

function checkFollow(options: Config): ConfigIssue[] {
  const { follow, start } = options;
  if (follow && isPacked(options))
    return [{ path: ["follow"], message: "a packed file does not grow: it cannot be followed" }];
  if (!follow && start === "end")
    return [{ path: ["start"], message: "start: end reads nothing without follow: true" }];
  return [];
}

/** Bytes of the file, chunk by chunk; a chunk is valid until the next. */
function* chunks(path: string, context: NodeContext): Generator<Uint8Array> {
  const attempt = <Result>(action: string, run: () => Result) => {
    try {
      return run();
    } catch (error) {
      throw fileError(action, path, context, error);
    }
  };
  const file = attempt("open", () => context.files.open(path, "r"));
  const buffer = new Uint8Array(CHUNK_BYTES);
  try {
    for (;;) {
      const count = attempt("read", () => file.read(buffer, null));
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    file.close();
  }
}

/** A packed file has no places: it is read from its beginning. */
function unpacking(path: string, newReader: () => RecordReader, context: NodeContext): SourceInstance {
  let reader = newReader();
  return {
    run() {
      // A source that is restarted begins the file again.
      reader = newReader();
      return unpacked(path, reader, context);
    },
    metrics: () => reader.packets.metrics(),
  };
}

async function* unpacked(path: string, reader: RecordReader, context: NodeContext) {
  // Loaded only here: few files are packed, and the two take as long as reading a short one.
  const { pipeline, Readable } = await import("node:stream");
  const zlib = await import("node:zlib");
  // The callback only keeps the error from being thrown twice; the loop below gets it.
  const bytes = pipeline(Readable.from(copies(path, context)), zlib.createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
  try {
    for await (const chunk of bytes) yield* packetsOf(reader, () => reader.lines.push(chunk));
  } catch (error) {
    throw isZlibError(error) ? fileError("unpack", path, context, error) : error;
  }
  yield* packetsOf(reader, () => reader.lines.end());
}

/** The unpacking stream holds a few chunks while the next one is read. */
function* copies(path: string, context: NodeContext) {
  for (const bytes of chunks(path, context)) yield Buffer.from(bytes);
}

function isZlibError(error: unknown) {
  return /^Z_|^ERR_/.test((error as { code?: string }).code ?? "");
}
