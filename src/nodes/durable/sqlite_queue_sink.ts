import * as v from "valibot";
import { ANY, defineNode, type Port, port } from "../../node/index.ts";
import { entryCodec, predecessorCodec, type QueueEntry } from "../../store/index.ts";
import { batched } from "./batch.ts";
import { durabilityConfig, QUEUE_DOC, QueueDoor, queueConfig, rowsIn } from "./queue_config.ts";
import { withRow } from "./row_meta.ts";

const config = v.strictObject({
  ...queueConfig,
  forward: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Also passes packets on, by `out`, once they are safe."),
  ),
  durability: durabilityConfig,
  remember_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0))),
    v.description("How long a key is known after its packet was acknowledged; 3600 unless given."),
  ),
});

type Config = v.InferOutput<typeof config>;

export const sqliteQueueSink = defineNode({
  name: "sqlite_queue_sink",
  kind: "sink",
  doc: `Writes packets into a durable queue, a SQLite file.

A packet is done when its row is on the disk (\`synchronous = FULL\`); a crash or a power cut after that loses nothing.
Every packet waits for the disk by itself unless \`runtime.concurrency\` allows more calls at once: then those of one
turn, at most 256, share one wait.

- **Keys**: \`meta.idempotency_key\`, else the packet's id, at most 1,024 bytes. A key that is in the queue, or was
  acknowledged within \`remember_sec\`, is not written again and counted (\`duplicates_total\`).
- **Payload and meta** are JSON, at most 16 MiB. What JSON cannot hold (bigint, function, Date, NaN, a cycle, bytes)
  makes the packet a dead letter.
- **A disk that is full** or fails makes the packets of that transaction dead letters; none of them is in the queue.
- **\`meta.durable\`** of what is passed on names the file and the row.
${QUEUE_DOC}
There \`enqueued_total\` counts duplicates as well, as it did; NaN and Infinity are written bare.`,
  config,
  inputs: { in: port(ANY, "Packets to keep.", "json_portable") },
  passes: true,
  outputs: ({ forward }: Config) =>
    (forward ? { out: port(ANY, "The packets, once they are safe.", "json_portable") } : {}) as { out: Port },
  examples: [
    {
      title: "Keep alarms until a later run delivers them; a repeat is taken once",
      config: { path: "alarms.sqlite3", forward: true },
      input: [
        { packet_id: "a", source_id: "yard", payload: { celsius: 41 } },
        { packet_id: "a", source_id: "yard", payload: { celsius: 41 } },
      ],
      output: {
        out: [
          { meta: { durable: { queue: "sqlite", path: "alarms.sqlite3", seq: 1, node_id: "node" } } },
          { meta: { durable: { queue: "sqlite", path: "alarms.sqlite3", seq: 1, node_id: "node" } } },
        ],
      },
    },
  ],
  create(options, context) {
    const { path, forward, meta_key, durability, remember_sec, layout } = options;
    const rememberMs = remember_sec === undefined ? undefined : remember_sec * 1_000;
    const door = new QueueDoor(options, context, { durability, ...(rememberMs === undefined ? {} : { rememberMs }) });
    const rows = batched(async (entries: readonly QueueEntry[]) => (await door.access()).queue.enqueue(entries));
    const row = { path, node_id: context.nodeId };
    const codec = layout === "schnitzel" ? entryCodec : predecessorCodec;
    let written = 0;
    let duplicates = 0;
    return {
      open: async () => void (await door.access()),
      async process(packet, emit) {
        const { seq, duplicate } = await rows.add(codec.encode(packet));
        if (duplicate) duplicates += 1;
        if (!duplicate || layout === "predecessor") written += 1;
        if (forward) emit.out(context.packet(withRow(packet, meta_key, { ...row, seq })));
      },
      async close() {
        await rows.flush();
        await door.close();
      },
      metrics: () => ({ enqueued_total: written, duplicates_total: duplicates, queue_depth: rowsIn(door.depth()) }),
    };
  },
});
