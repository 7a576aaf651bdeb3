import * as v from "valibot";
import { CSV_TYPES } from "../csv_columns.ts";
import { duration } from "../duration.ts";
import { isEgressEntry } from "../egress.ts";

const text = v.pipe(v.string(), v.minLength(1));
const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const scalar = v.union([v.string(), v.number(), v.boolean(), v.null()]);
const csvType = v.picklist(CSV_TYPES);

const table = v.strictObject({
  path: v.pipe(text, v.description("A `.csv`, `.json` or `.jsonl` file.")),
  key: v.pipe(
    v.optional(text),
    v.description("Column or field with the key; without it a JSON file is a map from key to row."),
  ),
  columns: v.pipe(
    v.optional(
      v.record(
        text,
        v.union([
          csvType,
          v.strictObject({
            type: v.pipe(csvType, v.description("Type of the column.")),
            empty: v.pipe(v.optional(scalar), v.description("What an empty field stands for.")),
          }),
        ]),
      ),
      {},
    ),
    v.description("Types of CSV columns; a column that is not listed is text."),
  ),
  check: v.pipe(v.optional(duration, "1s"), v.description("How often the file is looked at for changes.")),
});

const headerName = v.pipe(v.string(), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be the name of a header"));
const headerValue = v.pipe(v.string(), v.regex(/^[\t\x20-\x7e]*$/, "must be printable ASCII"));
const entry = v.pipe(
  v.string(),
  v.check(isEgressEntry, "must be host, host:port, an address or a network as 10.0.0.0/8"),
);

const http = v.strictObject({
  url: v.pipe(
    text,
    v.description("Address with places such as `{{payload.id}}` in path and query; values are encoded."),
  ),
  headers: v.pipe(
    v.optional(v.record(headerName, headerValue), {}),
    v.description("Further headers; a secret is given as `${file:/path}`."),
  ),
  timeout: v.pipe(v.optional(duration, "2s"), v.description("From connecting to the end of the answer.")),
  max_response_bytes: v.pipe(
    v.optional(count(16 * 1024 * 1024), 64 * 1024),
    v.description("A longer answer is an error."),
  ),
  egress: v.pipe(
    v.optional(
      v.strictObject({
        allow: v.pipe(
          v.pipe(v.array(entry), v.minLength(1)),
          v.description("Hosts, `host:port`, addresses and networks that may be asked."),
        ),
      }),
    ),
    v.description("Who may be asked; without it everybody but link-local and metadata addresses."),
  ),
});

const sqlite = v.strictObject({
  path: v.pipe(text, v.description("A SQLite file; it is only read.")),
  query: v.pipe(text, v.description("A SELECT with one `?`, which is the key; its first row is the answer.")),
});

export const lookupConfig = v.strictObject({
  table: v.pipe(v.optional(table), v.description("Looks up in a file, which is read again when it changes.")),
  http: v.pipe(v.optional(http), v.description("Asks a server with GET; the answer is JSON, 404 and 410 are a miss.")),
  sqlite: v.pipe(v.optional(sqlite), v.description("Looks up in a SQLite file of another program.")),
  key: v.pipe(
    v.optional(text),
    v.description("CEL expression for the key, text or a number. With `http` the address is the key."),
  ),
  into: v.pipe(v.optional(text, "lookup"), v.description("Where in the payload the row goes, such as `door.owner`.")),
  fields: v.pipe(v.optional(v.array(text)), v.description("Fields of the row that are taken; all when left out.")),
  on_miss: v.pipe(
    v.optional(v.picklist(["pass", "missed", "dead_letter"]), "pass"),
    v.description("A packet without a row leaves by `out` with `meta.partial`, or by `missed`, or is a dead letter."),
  ),
  when_away: v.pipe(
    v.optional(v.picklist(["miss", "wait"]), "miss"),
    v.description(
      "What cannot be asked is a miss, or an old answer stands in; or the packet waits, by `runtime: { delivery: on }`.",
    ),
  ),
  cache: v.pipe(
    v.optional(
      v.strictObject({
        max_answers: v.pipe(
          v.optional(count(1_000_000), 10_000),
          v.description("Answers kept; the one not used longest makes room."),
        ),
        max_bytes: v.pipe(
          v.optional(count(1024 * 1024 * 1024), 16 * 1024 * 1024),
          v.description("The same in bytes of their JSON."),
        ),
        ttl: v.pipe(v.optional(duration, "60s"), v.description("Then it is asked for again.")),
        negative_ttl: v.pipe(
          v.optional(duration, "10s"),
          v.description("The same for a miss, and for what could not be asked."),
        ),
      }),
      { max_answers: 10_000, max_bytes: 16 * 1024 * 1024, ttl: "60s", negative_ttl: "10s" },
    ),
    v.description("Answers of `http` and `sqlite` that are remembered; a table is in memory as a whole."),
  ),
});

export type LookupConfig = v.InferOutput<typeof lookupConfig>;
export type TableConfig = NonNullable<LookupConfig["table"]>;
export type HttpConfig = NonNullable<LookupConfig["http"]>;
export type SqliteConfig = NonNullable<LookupConfig["sqlite"]>;
