import { ANY, defineNode, port, replace, v } from "schnitzel";

export const api = "1.2";

const positiveInteger = v.pipe(v.number(), v.integer(), v.minValue(1));

const config = v.strictObject({
  field: v.pipe(v.string(), v.nonEmpty(), v.description("Key of the number in the payload.")),
  // 4,096 numbers of 8 bytes are 32 KiB per source.
  size: v.pipe(positiveInteger, v.maxValue(4_096), v.description("Numbers averaged.")),
  into: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty()), "average"),
    v.description("Key the average is written to."),
  ),
  max_sources: v.pipe(
    v.optional(positiveInteger, 256),
    v.description("Sources tracked; beyond that the one heard of longest ago starts afresh."),
  ),
});

/** The state of every source, as it stands in a snapshot. */
const snapshot = v.array(v.tuple([v.string(), v.array(v.number())]));

/**
 * Adds the mean of the last `size` numbers of each source to the payload.
 *
 * The window is summed anew for each packet: a running sum would drift with every rounding.
 */
export const MovingAverage = defineNode({
  name: "moving_average",
  kind: "compute",
  stateVersion: 1,
  doc: `Adds the mean of the last \`size\` numbers of the same source to the payload.

Until \`size\` numbers were seen it is the mean of those there are. Its windows survive in a snapshot, so a run that
goes on from one gives the same averages. Packets without the number leave by \`invalid\`.`,
  config,
  inputs: { in: port(ANY, "Packets whose payload is a map.") },
  outputs: {
    out: port(ANY, "The packets, with the average in their payload."),
    invalid: port(ANY, "Packets whose payload has no number at `field`."),
  },
  examples: [
    {
      title: "Mean of the last two",
      config: { field: "celsius", size: 2 },
      input: [4, 8, 6].map((celsius) => ({ source_id: "yard", payload: { celsius } })),
      output: {
        out: [
          { payload: { celsius: 4, average: 4 } },
          { payload: { celsius: 8, average: 6 } },
          { payload: { celsius: 6, average: 7 } },
        ],
        invalid: [],
      },
    },
  ],
  create({ field, size, into, max_sources }) {
    const windows = new Map<string, number[]>();
    const windowOf = (source: string) => {
      const window = windows.get(source) ?? [];
      // To the end of the map: what stands first was heard of longest ago.
      windows.delete(source);
      windows.set(source, window);
      if (windows.size > max_sources) windows.delete(windows.keys().next().value!);
      return window;
    };
    return {
      process(packet, emit) {
        const payload = packet.payload as Record<string, unknown> | null;
        const value = payload?.[field];
        if (typeof value !== "number" || !Number.isFinite(value)) return emit.invalid(packet);
        const window = windowOf(packet.source_id);
        window.push(value);
        if (window.length > size) window.shift();
        const average = window.reduce((sum, number) => sum + number, 0) / window.length;
        emit.out(replace(packet, { payload: { ...payload, [into]: average } }));
      },
      metrics: () => ({ sources: windows.size }),
      snapshot: (): v.InferOutput<typeof snapshot> => [...windows].map(([source, window]) => [source, [...window]]),
      restore(state) {
        for (const [source, window] of v.parse(snapshot, state)) windows.set(source, window.slice(-size));
      },
    };
  },
});
