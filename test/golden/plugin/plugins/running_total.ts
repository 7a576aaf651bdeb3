import { ANY, defineNode, port, replace, v } from "schnitzel";

export const api = "1.0";

export const RunningTotal = defineNode({
  name: "running_total",
  kind: "compute",
  doc: "Adds the sum of a number so far, per source, to the payload.",
  config: v.strictObject({ field: v.pipe(v.string(), v.description("Key of the number.")) }),
  inputs: { in: port(ANY, "Packets with the number.") },
  outputs: { out: port(ANY, "The packets with `total`.") },
  examples: [
    {
      title: "Two numbers",
      config: { field: "n" },
      input: [{ payload: { n: 1 } }, { payload: { n: 2 } }],
      output: { out: [{ payload: { n: 1, total: 1 } }, { payload: { n: 2, total: 3 } }] },
    },
  ],
  create({ field }) {
    const totals = new Map<string, number>();
    return {
      process(packet, emit) {
        const payload = packet.payload as Record<string, number>;
        const total = (totals.get(packet.source_id) ?? 0) + payload[field]!;
        totals.set(packet.source_id, total);
        emit.out(replace(packet, { payload: { ...payload, total } }));
      },
    };
  },
});
