import { durationMs } from "../../base/duration.ts";
import { type ConfigIssue, defineNode, type NodeContext, port, Rejected } from "../../node/index.ts";
import { replace, type StreamPacket } from "../../packet/index.ts";
import { compileValue, expressionIssues } from "../expression.ts";
import { addressFault } from "../http_address.ts";
import { isMap, withPath } from "../payload_path.ts";
import { HttpLookup } from "./http_lookup.ts";
import { KnownAnswers } from "./known_answers.ts";
import type { Asked, Found, Lookup } from "./lookup.ts";
import { type LookupConfig, lookupConfig } from "./lookup_config.ts";
import { SqliteLookup } from "./sqlite_lookup.ts";
import { TableLookup } from "./table_lookup.ts";

const PLACES = ["table", "http", "sqlite"] as const;

export const lookupJoin = defineNode({
  name: "lookup_join",
  kind: "transform",
  doc: `Adds to each packet the row that a table, a server or a database has for it.

The row goes to \`into\` in the payload. Without one the packet leaves by \`out\` all the same, with \`meta.partial: true\` and
\`meta.lookup: missed\`, or as \`on_miss\` says.

- **\`table\`**: a file that is in memory as a whole, at most 64 MiB and a million rows. It is looked at every \`check\` and
  read again when it has changed, all of it or nothing: a file that cannot be read, has a bad row or a key twice leaves
  the old rows in use, is counted as \`reload_failed_total\` and said in the log. Put a new one in its place by renaming;
  of one that is written in place half may be read. Keys are compared as text, so \`7\` finds \`"7"\`.
- **\`http\`**: one GET for each address that is not in the cache, with the rules of \`http_sink\` for where it may go. The
  answer is JSON of any form; null, 404 and 410 are a miss.
- **\`sqlite\`**: a SELECT on a file of another program, opened for reading only. Lookups wait 50 ms for a writer.

Answers of a server or database are remembered for \`cache.ttl\`, misses for \`cache.negative_ttl\`; packets that ask for the
same at the same time share one question. When it cannot be asked (away, slow, an error, no JSON, busy), an old answer
stands in (\`meta.lookup: stale\`), else it is a miss (\`meta.lookup: failed\`), and it is not asked for that key again for
\`negative_ttl\`. With \`when_away: wait\` the packet fails instead, and \`runtime: { delivery: on }\` holds it until it can be
asked. \`runtime: { concurrency: 16 }\` asks for that many at once; packets leave in their order all the same.`,
  config: lookupConfig,
  inputs: { in: port("*", "Packets; the payload is a map.", "json_portable") },
  passes: true,
  outputs: {
    out: port("*", "Packets with their row.", "json_portable"),
    missed: port("*", "With `on_miss: missed`: packets without one.", "json_portable"),
  },
  reads: ({ table, sqlite }) => [
    ...(table === undefined ? [] : [{ path: ["table", "path"], file: table.path }]),
    ...(sqlite === undefined ? [] : [{ path: ["sqlite", "path"], file: sqlite.path }]),
  ],
  examples: [
    {
      title: "Where a sensor stands, by a table",
      config: {
        table: { path: "places.csv", key: "sensor", columns: { floor: "integer" } },
        key: "source_id",
        into: "place",
        fields: ["room", "floor"],
      },
      files: { "places.csv": "sensor,room,floor\nt1,kitchen,0\nt2,attic,2\n" },
      input: [
        { source_id: "t2", payload: { celsius: 31 } },
        { source_id: "t9", payload: { celsius: 20 } },
      ],
      output: {
        out: [
          { source_id: "t2", payload: { celsius: 31, place: { room: "attic", floor: 2 } } },
          { source_id: "t9", payload: { celsius: 20 }, meta: { partial: true, lookup: "missed" } },
        ],
        missed: [],
      },
    },
  ],
  check: lookupIssues,
  create(config, context) {
    const lookup = openLookup(config, context);
    let found = 0;
    let missed = 0;
    const settle = (
      packet: StreamPacket,
      result: Found,
      emit: Record<"out" | "missed", (packet: StreamPacket) => void>,
    ) => {
      if (result.status === "found") {
        found += 1;
        return emit.out(withRow(packet, result, config));
      }
      missed += 1;
      if (config.on_miss === "dead_letter") throw noRow(result);
      const meta = { ...packet.meta, partial: true, lookup: result.status };
      emit[config.on_miss === "pass" ? "out" : "missed"](replace(packet, { meta }));
    };
    return {
      process(packet, emit) {
        const result = lookup.find(packet);
        if (!(result instanceof Promise)) return settle(packet, result, emit);
        return result.then((awaited) => settle(packet, awaited, emit));
      },
      close: () => lookup.close(),
      metrics: () => ({ found_total: found, missed_total: missed, ...lookup.metrics() }),
    };
  },
});

function openLookup(config: LookupConfig, context: NodeContext): Lookup {
  const { table, http, sqlite, key, cache, when_away } = config;
  const keyOf = compileLookupKey(key ?? "");
  if (table !== undefined) return new TableLookup(table, keyOf, context);
  const asked: Asked = http === undefined ? new SqliteLookup(sqlite!, keyOf, context) : new HttpLookup(http, context);
  const ttls = { ttlMs: durationMs(cache.ttl), negativeTtlMs: durationMs(cache.negative_ttl) };
  const bounds = { maxAnswers: cache.max_answers, maxBytes: cache.max_bytes };
  return new KnownAnswers(asked, { ...ttls, ...bounds, throws: when_away === "wait" }, context);
}

function compileLookupKey(expression: string): (packet: StreamPacket) => string | number {
  if (expression === "") return () => "";
  const evaluate = compileValue(expression);
  return (packet) => {
    const key = evaluate(packet);
    if (typeof key === "string" || (typeof key === "number" && Number.isFinite(key))) return key;
    throw new Error(`cannot look up ${JSON.stringify(key) ?? key}: "${expression}" must give text or a finite number`);
  };
}

function withRow(packet: StreamPacket, { row, stale }: Extract<Found, { status: "found" }>, config: LookupConfig) {
  const { into, fields } = config;
  const picked =
    fields === undefined || !isMap(row)
      ? row
      : Object.fromEntries(fields.filter((name) => Object.hasOwn(row, name)).map((name) => [name, row[name]]));
  const payload = withPath(packet.payload, into, picked);
  return replace(packet, stale ? { payload, meta: { ...packet.meta, lookup: "stale" } } : { payload });
}

const noRow = (result: Found) =>
  result.status === "failed"
    ? result.error
    : new Rejected("nothing was found for this packet, and on_miss is dead_letter");

function lookupIssues(config: LookupConfig): ConfigIssue[] {
  const { key, table, http } = config;
  const given = PLACES.filter((place) => config[place] !== undefined);
  const issues: ConfigIssue[] = [];
  const fault = (path: string[], message: string | undefined) => {
    if (message !== undefined) issues.push({ path, message });
  };
  if (given.length !== 1)
    fault([given[1] ?? ""].filter(Boolean), `one of ${PLACES.join(", ")} must be given: there are ${given.length}`);
  if (http !== undefined) fault(["http", "url"], addressFault(http.url));
  else if (key === undefined) fault([], "key must be given: it says what is looked up");
  if (http !== undefined && key !== undefined)
    fault(["key"], "with http the address is the key: write it as a place in url");
  if (table !== undefined) fault(["table", "path"], tableFault(table));
  return [...issues, ...(key === undefined ? [] : expressionIssues(["key"], key))];
}

function tableFault({ path, key, columns }: NonNullable<LookupConfig["table"]>): string | undefined {
  if (!/\.(csv|json|jsonl)$/i.test(path)) return "its name must end in .csv, .json or .jsonl";
  if (key === undefined && !/\.json$/i.test(path)) return "table.key must say which column or field has the key";
  return Object.keys(columns).length > 0 && !/\.csv$/i.test(path) ? "columns belong to a .csv file" : undefined;
}
