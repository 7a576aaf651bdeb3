import * as v from "valibot";
import { ANY, defineNode, type Port, port } from "../../node/index.ts";

const text = v.pipe(v.string(), v.minLength(1));

const listed = v.strictObject({
  kind: v.pipe(v.optional(text, "raw"), v.description("Meaning of the payload.")),
  payload: v.pipe(v.optional(v.unknown(), null), v.description("Any value; null when left out.")),
  source_id: v.pipe(v.optional(text), v.description("Stream it comes from; the node's id when left out.")),
  ts: v.pipe(v.optional(text), v.description("Event time, passed on as written; now when left out.")),
  meta: v.pipe(v.optional(v.record(v.string(), v.unknown())), v.description("Small facts about the packet.")),
  packet_id: v.pipe(v.optional(text), v.description("Id; a new UUIDv7 when left out.")),
});

const config = v.strictObject({
  packets: v.pipe(v.array(listed), v.description("Packets to send.")),
  declare_kinds: v.pipe(
    v.optional(v.boolean(), true),
    v.description("The output promises only the kinds listed; false promises nothing."),
  ),
});

export const staticSource = defineNode({
  name: "static_source",
  kind: "source",
  doc: `Sends the packets listed in its config, in order, then ends.

The output port declares the kinds that are listed, so an edge into a node that takes none of them is found
before the run. \`declare_kinds: false\` turns that off.`,
  config,
  outputs: ({ packets, declare_kinds }: v.InferOutput<typeof config>): { out: Port } => {
    const kinds = [...new Set(packets.map((packet) => packet.kind))];
    return { out: port(declare_kinds && kinds.length > 0 ? kinds : ANY, "The listed packets.") };
  },
  examples: [
    {
      title: "Two readings from one sensor",
      config: {
        packets: [
          { kind: "sensor", source_id: "yard", payload: { celsius: 4 }, ts: "2026-01-01T06:00:00Z" },
          { kind: "sensor", source_id: "yard", payload: { celsius: 5 }, ts: "2026-01-01T07:00:00Z" },
        ],
      },
      output: {
        out: [
          { kind: "sensor", source_id: "yard", payload: { celsius: 4 }, ts: "2026-01-01T06:00:00Z" },
          { kind: "sensor", source_id: "yard", payload: { celsius: 5 }, ts: "2026-01-01T07:00:00Z" },
        ],
      },
    },
  ],
  create: ({ packets }, context) => ({
    *run() {
      for (const fields of packets) yield context.packet(fields);
    },
  }),
});
