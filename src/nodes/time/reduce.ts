import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, type Port, port } from "../../node/index.ts";
import { expressionIssues } from "../expression.ts";
import { packetKey } from "./packet_key.ts";
import { place, placeIssues } from "./place.ts";
import { Reductions } from "./reductions.ts";

const text = v.pipe(v.string(), v.minLength(1));
const whole = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

const config = v.strictObject({
  key: v.pipe(
    v.optional(place),
    v.description(
      "Each key has a state of its own: a path in the payload, a list of keys, or `{ cel: … }`; else `source_id`.",
    ),
  ),
  initial: v.pipe(
    v.optional(v.union([v.number(), v.string(), v.boolean(), v.array(v.unknown()), v.looseObject({})])),
    v.description("The state before the first packet of a key; null when left out."),
  ),
  step: v.pipe(text, v.description("CEL for the state after a packet, over `state` and the packet.")),
  emit: v.pipe(
    v.optional(v.picklist(["each", "end"]), "each"),
    v.description("A result after each packet, or one for each key at the end of the input."),
  ),
  when: v.pipe(
    v.optional(text),
    v.description("CEL condition over the new `state` and the packet: results only when it is true."),
  ),
  reset: v.pipe(v.optional(v.boolean(), false), v.description("With `when`: begins again after a result.")),
  max_keys: v.pipe(
    v.optional(whole(1_000_000), 65_536),
    v.description("Keys remembered; about 200 bytes and the state each."),
  ),
  on_full: v.pipe(
    v.optional(v.picklist(["refuse", "close_oldest"]), "refuse"),
    v.description(
      "A packet of one more key leaves by `refused`, or the key that came first gives its state, marked `cut`, and is forgotten.",
    ),
  ),
  // A state that collects packets grows without end; 64 KiB is a list of a thousand readings.
  max_state_chars: v.pipe(
    v.optional(whole(16_777_216), 65_536),
    v.description("Longest state as JSON; a packet that would make it longer is a dead letter, and the state stays."),
  ),
  kind: v.pipe(v.optional(text, "sensor"), v.description("Kind of the results.")),
});

export type ReduceConfig = v.InferOutput<typeof config>;

const used = (kwh: number, source_id = "meter") => ({ source_id, payload: { kwh } });

export const reduce = defineNode({
  name: "reduce",
  kind: "compute",
  stateVersion: 1,
  doc: `Folds the packets of each key into one state by an expression, such as a running total.

\`step\` sees the packet as every [CEL](https://cel.dev) expression does, and \`state\`: what the step before gave, or
\`initial\`. Packets are taken in the order in which they come, whatever their times; where time decides what belongs
together, \`window_aggregate\` does it. A result is \`{ key, state, count, final }\` with the time of the packet that made
it, and the key as its \`source_id\`; \`final\` is true for those of \`emit: end\`, and when a key is closed.

Its \`meta.idempotency_key\` counts the packets that the node has taken, so a result that comes again after a crash is
known as the same.`,
  config,
  inputs: { in: port(ANY, "Packets to fold.") },
  passes: true,
  outputs: ({ kind }: ReduceConfig): { out: Port; refused: Port } => ({
    out: port(kind, "States.", "json_portable"),
    refused: port(ANY, "Packets of keys for which there is no room, unchanged."),
  }),
  examples: [
    {
      title: "A running total for each meter",
      config: { initial: 0, step: "state + payload.kwh" },
      input: [used(2), used(5, "shed"), used(3)],
      output: {
        out: [
          { source_id: "meter", payload: { key: "meter", state: 2, count: 1, final: false } },
          { source_id: "shed", payload: { key: "shed", state: 5, count: 1, final: false } },
          { source_id: "meter", payload: { key: "meter", state: 5, count: 2, final: false } },
        ],
      },
    },
    {
      title: "A result whenever ten are reached, and then from the beginning",
      config: { initial: 0, step: "state + payload.kwh", when: "state >= 10", reset: true },
      input: [used(6), used(6), used(6)],
      output: { out: [{ payload: { key: "meter", state: 12, count: 2, final: false } }] },
    },
    {
      title: "One meter more than there is room for",
      config: { initial: 0, step: "state + payload.kwh", max_keys: 1 },
      input: [used(2), used(5, "shed")],
      output: {
        out: [{ payload: { key: "meter", state: 2, count: 1, final: false } }],
        refused: [used(5, "shed")],
      },
    },
  ],
  check: reduceIssues,
  create(options, context) {
    const keyOf = packetKey(options.key);
    const reductions = new Reductions(options, context);
    return {
      process(packet, emit) {
        if (!reductions.take(keyOf(packet), packet, emit.out)) emit.refused(packet);
      },
      advance: (watermarkMs) =>
        watermarkMs === Number.POSITIVE_INFINITY && options.emit === "end" ? reductions.end() : undefined,
      metrics: () => reductions.metrics(),
      snapshot: () => reductions.snapshot(),
      restore: (state) => reductions.restore(state),
    };
  },
});

function reduceIssues({ key, step, when, reset, emit }: ReduceConfig): ConfigIssue[] {
  const issues = [
    ...(key === undefined ? [] : placeIssues(["key"], key)),
    ...expressionIssues(["step"], step, "any", "state"),
    ...(when === undefined ? [] : expressionIssues(["when"], when, "bool", "state")),
  ];
  if (reset && when === undefined)
    issues.push({ path: ["reset"], message: "reset needs `when`: it is after its results" });
  if (when !== undefined && emit === "end") {
    issues.push({ path: ["when"], message: "with emit: end there is one result for each key, whatever it is" });
  }
  return issues;
}
