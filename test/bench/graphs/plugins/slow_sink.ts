import { ANY, defineNode, port, v } from "schnitzel";

/** Takes so long for each packet, and counts those of each source. */
export const slowSink = defineNode({
  name: "slow_sink",
  kind: "sink",
  doc: "Takes `ms` for each packet.",
  config: v.strictObject({ ms: v.number() }),
  inputs: { in: port(ANY, "Packets.") },
  outputs: {},
  examples: [],
  create({ ms }) {
    const taken: Record<string, number> = {};
    return {
      async process({ source_id }) {
        await new Promise((resolve) => setTimeout(resolve, ms));
        taken[`from_${source_id}`] = (taken[`from_${source_id}`] ?? 0) + 1;
      },
      metrics: () => taken,
    };
  },
});
