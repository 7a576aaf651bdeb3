import * as v from "valibot";
import { ANY, defineNode, type Port, port } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { LeaseRef } from "../../store/index.ts";
import { batched } from "./batch.ts";
import { durabilityConfig, QUEUE_DOC, QueueDoor, queueConfig, rowsIn } from "./queue_config.ts";
import { rowMeta } from "./row_meta.ts";

const config = v.strictObject({
  ...queueConfig,
  forward: v.pipe(v.optional(v.boolean(), false), v.description("Also passes packets on, by `out`.")),
  durability: durabilityConfig,
});

type Config = v.InferOutput<typeof config>;

export const sqliteQueueAck = defineNode({
  name: "sqlite_queue_ack",
  kind: "sink",
  doc: `Removes the row a packet came from out of its durable queue.

It stands behind what delivers the packets of a \`sqlite_queue_source\` with \`acks: node\`; with \`acks: graph\`, the
source's default, it is not needed. The row is named by \`meta.durable\`, so what lies between must keep \`meta\`.

- A packet without \`meta.durable.seq\`, or with one that is no whole number, is a dead letter (\`ack_invalid_total\`);
  so is one that came from another file. A number below 1 is counted there and passed over.
- A row that is not there any more, or went to somebody else because its lease ran out, is counted
  (\`ack_missing_total\`, \`ack_lost_total\`).
${QUEUE_DOC}`,
  config,
  inputs: { in: port(ANY, "Delivered packets.", "json_portable") },
  passes: true,
  outputs: ({ forward }: Config) =>
    (forward ? { out: port(ANY, "The packets, once their rows are gone.", "json_portable") } : {}) as { out: Port },
  examples: [
    {
      title: "A row that an earlier run has acknowledged already",
      config: { path: "alarms.sqlite3", forward: true },
      input: [{ source_id: "yard", meta: { durable: { queue: "sqlite", path: "alarms.sqlite3", seq: 7 } } }],
      output: { out: ["yard"] },
    },
  ],
  create(options, context) {
    const { forward, meta_key, durability, layout } = options;
    const door = new QueueDoor(options, context, { durability });
    const acks = batched(async (leases: readonly LeaseRef[]) => (await door.access()).queue.ack(leases));
    const counts = { done: 0, dead: 0, lost: 0, missing: 0, invalid: 0 };

    function leaseOf(packet: StreamPacket): LeaseRef | undefined {
      const { seq, attempt, path } = rowMeta(packet, meta_key) ?? {};
      const fault = faultOf(seq, path);
      if (fault === undefined && (seq as number) >= 1) {
        return { seq: seq as number, attempt: Number.isInteger(attempt) ? (attempt as number) : undefined };
      }
      counts.invalid += 1;
      if (fault !== undefined) throw new Error(`cannot acknowledge packet ${packet.packet_id}: ${fault}`);
      return undefined;
    }

    function faultOf(seq: unknown, path: unknown): string | undefined {
      if (typeof seq !== "number" || !Number.isInteger(seq)) {
        const hint = `a sqlite_queue_source sets it, and the nodes in between must keep meta`;
        return `meta.${meta_key}.seq must be a whole number, got ${JSON.stringify(seq) ?? "nothing"}; ${hint}`;
      }
      // The same number means another packet in another file.
      const other = typeof path === "string" && context.files.resolve(path) !== context.files.resolve(options.path);
      return other && layout === "schnitzel"
        ? `it came from queue ${path}, and this node acknowledges in ${options.path}`
        : undefined;
    }

    return {
      open: async () => void (await door.access()),
      async process(packet, emit) {
        const lease = leaseOf(packet);
        if (lease !== undefined) counts[await acks.add(lease)] += 1;
        if (forward) emit.out(packet);
      },
      async close() {
        await acks.flush();
        await door.close();
      },
      metrics: () => ({
        acked_total: counts.done,
        ack_invalid_total: counts.invalid,
        ack_missing_total: counts.missing,
        ack_lost_total: counts.lost,
        queue_depth: rowsIn(door.depth()),
      }),
    };
  },
});
