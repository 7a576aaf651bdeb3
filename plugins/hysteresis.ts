import { ANY, defineNode, port, replace, v } from "schnitzel";

export const api = "1.2";

/** Follows a dotted path such as `wind.speed` into a payload; undefined when there is no number. */
function numberAt(payload: unknown, path: readonly string[]): number | undefined {
  let value = payload;
  for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

const config = v.pipe(
  v.strictObject({
    field: v.pipe(v.string(), v.nonEmpty(), v.description("Path of the number in the payload, such as `wind.speed`.")),
    above: v.pipe(v.number(), v.description("The state becomes high when the number is above this.")),
    below: v.pipe(
      v.optional(v.number()),
      v.description("It becomes low again below this; the same as `above` if unset."),
    ),
    max_sources: v.pipe(
      v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1_024),
      v.description("Sources tracked; beyond that the one that changed longest ago is forgotten."),
    ),
  }),
  v.check(({ above, below = above }) => below <= above, "below must not be greater than above"),
);

/**
 * Says when a number crosses a threshold, once per crossing and source.
 *
 * The gap between `above` and `below` (hysteresis) keeps a value that trembles around the threshold quiet.
 */
export const Hysteresis = defineNode({
  name: "hysteresis",
  kind: "policy",
  stateVersion: 1,
  doc: `Emits an event when a number crosses a threshold, once per crossing and source.

A source starts low. The gap between \`above\` and \`below\` keeps a value that trembles around the threshold quiet.
Packets without the number leave by \`invalid\`.`,
  config,
  inputs: { in: port(ANY, "Packets with a number in their payload.") },
  outputs: {
    crossings: port("event", "One event per crossing: `{ state, value, above, below }`.", "json_portable"),
    invalid: port(ANY, "Packets whose payload has no number at `field`."),
  },
  examples: [
    {
      title: "One event up, one event down",
      config: { field: "celsius", above: 30, below: 28 },
      input: [27, 31, 29, 32, 27].map((celsius) => ({ source_id: "yard", payload: { celsius } })),
      output: {
        crossings: [
          { kind: "event", source_id: "yard", payload: { state: "high", value: 31, above: 30, below: 28 } },
          { kind: "event", source_id: "yard", payload: { state: "low", value: 27, above: 30, below: 28 } },
        ],
        invalid: [],
      },
    },
    {
      title: "A packet without the number",
      config: { field: "celsius", above: 30 },
      input: [{ source_id: "yard", payload: { celsius: "n/a" } }],
      output: { crossings: [], invalid: ["yard"] },
    },
  ],
  create({ field, above, below = above, max_sources }) {
    const path = field.split(".");
    /** Sources that are high; every other one is low. */
    const high = new Set<string>();
    let crossings = 0;
    return {
      process(packet, emit) {
        const value = numberAt(packet.payload, path);
        if (value === undefined) return emit.invalid(packet);
        const wasHigh = high.has(packet.source_id);
        if (wasHigh ? value >= below : value <= above) return;
        if (wasHigh) high.delete(packet.source_id);
        else high.add(packet.source_id);
        if (high.size > max_sources) high.delete(high.values().next().value!);
        crossings += 1;
        emit.crossings(
          replace(packet, { kind: "event", payload: { state: wasHigh ? "low" : "high", value, above, below } }),
        );
      },
      metrics: () => ({ crossings_total: crossings, high_sources: high.size }),
      snapshot: () => [...high],
      restore(state) {
        for (const source of v.parse(v.array(v.string()), state)) high.add(source);
      },
    };
  },
});
