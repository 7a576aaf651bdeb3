import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, type Port, port } from "../../node/index.ts";
import { replace, type StreamPacket } from "../../packet/index.ts";
import { compileText, expressionIssues } from "../expression.ts";
import { compileJsonata, jsonataIssues } from "./jsonata_expression.ts";
import { compileOps, mapOp, opIssues } from "./map_ops.ts";

const text = v.pipe(v.string(), v.minLength(1));
const field = v.optional(
  v.union([text, v.strictObject({ cel: v.pipe(text, v.description("CEL expression that gives text.")) })]),
);

const config = v.strictObject({
  ops: v.pipe(
    v.optional(v.array(mapOp)),
    v.description("Changes to the payload, in order: `set` (`value` or `cel`), `rename` (`to`), `remove`."),
  ),
  jsonata: v.pipe(
    v.optional(text),
    v.description("[JSONata](https://jsonata.org) expression that makes the new payload."),
  ),
  timeout_ms: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1_000),
    v.description("Longest evaluation of `jsonata`; the rest of the graph waits for it."),
  ),
  kind: v.pipe(field, v.description("New kind: text, or `{ cel: … }`.")),
  source_id: v.pipe(field, v.description("New source: text, or `{ cel: … }`.")),
  ts: v.pipe(field, v.description("New event time, ISO-8601: text, or `{ cel: … }`.")),
});

type Config = v.InferOutput<typeof config>;

const FIELDS = ["kind", "source_id", "ts"] as const;

export const map = defineNode({
  name: "map",
  kind: "transform",
  doc: `Makes a new payload out of the old one, by \`ops\` or by a JSONata expression, and can set kind, source and time.

A path is \`door.open\`, or a list of keys where a key contains a dot. \`set\` makes missing maps on the way; its \`cel\`
sees the payload as the operations before left it. \`rename\` of a missing key is an error unless \`optional: true\`;
\`remove\` of one is not. In JSONata the payload is the input, and \`$meta\`, \`$kind\`, \`$source_id\`, \`$ts\` are the rest.
\`kind\`, \`source_id\` and \`ts\` are worked out from the packet as it came in. The packet keeps its id; its payload is
copied, never changed in place.`,
  config,
  inputs: { in: port(ANY, "Packets to change.") },
  outputs: ({ kind }: Config): { out: Port } => ({
    out: port(typeof kind === "string" ? kind : ANY, "The changed packets."),
  }),
  examples: [
    {
      title: "A CSV row becomes a typed reading",
      config: {
        kind: "weather",
        ts: { cel: 'payload.date + "T00:00:00Z"' },
        ops: [
          { set: "mean", cel: "(payload.temp_max + payload.temp_min) / 2" },
          { rename: "precipitation", to: "rain.mm" },
          { remove: ["date", "temp_max", "temp_min"] },
        ],
      },
      input: [{ payload: { date: "2012-01-01", precipitation: 0.5, temp_max: 12.8, temp_min: 5 } }],
      output: {
        out: [{ kind: "weather", ts: "2012-01-01T00:00:00Z", payload: { mean: 8.9, rain: { mm: 0.5 } } }],
      },
    },
    {
      title: "The same kind of thing in JSONata",
      config: { jsonata: '{ "total": $sum(items.price), "from": $source_id }' },
      input: [{ source_id: "till", payload: { items: [{ price: 2 }, { price: 3 }] } }],
      output: { out: [{ payload: { total: 5, from: "till" } }] },
    },
  ],
  check: (options) => [...shapeIssues(options), ...expressionFaults(options)],
  create(options, context) {
    const setFields = compileFields(options);
    if (options.jsonata !== undefined) {
      const evaluate = compileJsonata(options.jsonata, options.timeout_ms, context);
      return {
        process: (packet, emit) =>
          evaluate(packet).then((payload) => emit.out(replace(packet, { ...setFields(packet), payload }))),
      };
    }
    const change = options.ops === undefined ? undefined : compileOps(options.ops);
    return {
      process(packet, emit) {
        const payload = change === undefined ? packet.payload : change(packet);
        emit.out(replace(packet, { ...setFields(packet), payload }));
      },
    };
  },
});

type Fields = { [Name in (typeof FIELDS)[number]]?: string };

function compileFields(options: Config): (packet: StreamPacket) => Fields {
  const given = FIELDS.flatMap((name) => {
    const setting = options[name];
    if (setting === undefined) return [];
    return [{ name, evaluate: typeof setting === "string" ? () => setting : compileText(setting.cel) }];
  });
  return (packet) => Object.fromEntries(given.map(({ name, evaluate }) => [name, evaluate(packet)]));
}

function shapeIssues({ ops, jsonata, ...rest }: Config): ConfigIssue[] {
  if (ops !== undefined && jsonata !== undefined) {
    return [{ path: ["jsonata"], message: "ops and jsonata exclude each other", hint: "use two map nodes" }];
  }
  const idle = ops === undefined && jsonata === undefined && FIELDS.every((name) => rest[name] === undefined);
  return idle ? [{ path: [], message: "nothing to do: set ops, jsonata, kind, source_id or ts" }] : [];
}

function expressionFaults(options: Config): ConfigIssue[] {
  const fields = FIELDS.flatMap((name) => {
    const setting = options[name];
    return typeof setting === "object" ? expressionIssues([name, "cel"], setting.cel, "string") : [];
  });
  return [
    ...fields,
    ...(options.ops ?? []).flatMap((op, at) => opIssues(op, ["ops", at])),
    ...(options.jsonata === undefined ? [] : jsonataIssues(["jsonata"], options.jsonata)),
  ];
}
