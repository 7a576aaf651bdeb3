import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";
import type { Meta, StreamPacket } from "../../packet/index.ts";

/** Copies beyond the room of the next inbox are held in memory; more than this are made as room allows. */
const MAX_AT_ONCE = 4_096;

export const burst = defineNode({
  name: "burst",
  kind: "transform",
  doc: `Sends \`count\` copies of every packet, each with its own packet id and its number in \`meta\`.

The copies are made as room allows, so a large \`count\` does not overrun the next inbox. A copy of a packet with
an idempotency key gets that key with \`/<node id>/<number>\` behind it: five copies are five facts, and a queue
keeps all of them. The predecessor left the key alone (\`derive_keys: false\`), so a queue keeps one, and handed all
copies over at once (\`at_once: true\`), so an inbox that sheds loses those it has no room for.

A packet that comes again from a durable edge is copied again, with new packet ids: nodes that count packets belong
before the durable edge.`,
  config: v.strictObject({
    count: v.pipe(
      v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 1),
      v.description("Copies per packet; 0 sends none."),
    ),
    meta_key: v.pipe(
      v.optional(v.pipe(v.string(), v.minLength(1)), "burst_seq"),
      v.description("Key in `meta` for the copy's number, from 0."),
    ),
    derive_keys: v.pipe(
      v.optional(v.boolean(), true),
      v.description("Gives every copy an idempotency key of its own when the packet has one."),
    ),
    at_once: v.pipe(
      v.optional(v.boolean(), false),
      v.description("Hands up to 4,096 copies over whether or not there is room."),
    ),
  }),
  inputs: { in: port(ANY, "Packets to copy.") },
  passes: true,
  outputs: { out: port(ANY, "The copies.") },
  examples: [
    {
      title: "Two copies, each with its own key",
      config: { count: 2 },
      input: [{ source_id: "door", meta: { idempotency_key: "door-7" } }],
      output: {
        out: [
          { source_id: "door", meta: { idempotency_key: "door-7/node/0", burst_seq: 0 } },
          { source_id: "door", meta: { idempotency_key: "door-7/node/1", burst_seq: 1 } },
        ],
      },
    },
  ],
  create({ count, meta_key, derive_keys, at_once }, context) {
    const metaOf = (meta: Meta, seq: number): Meta => {
      const key = meta.idempotency_key;
      const derived = derive_keys && typeof key === "string" ? `${key}/${context.nodeId}/${seq}` : key;
      return key === undefined ? { ...meta, [meta_key]: seq } : { ...meta, idempotency_key: derived, [meta_key]: seq };
    };
    function* copies({ ts, kind, source_id, payload, meta }: StreamPacket) {
      for (let seq = 0; seq < count; seq++) {
        yield context.packet({ ts, kind, source_id, payload, meta: metaOf(meta, seq) });
      }
    }
    if (!at_once || count > MAX_AT_ONCE) return { process: (packet) => copies(packet) };
    return {
      process(packet, emit) {
        for (const copy of copies(packet)) emit.out(copy);
      },
    };
  },
});
