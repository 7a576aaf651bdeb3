import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";
import { durabilityConfig, QUEUE_DOC, queueConfig } from "./queue_config.ts";
import { QueueReader } from "./queue_reader.ts";

const config = v.strictObject({
  ...queueConfig,
  limit: v.pipe(
    // A batch is held in memory.
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)), 100),
    v.description("Rows of one batch: all that is delivered, or with `follow` what is taken at a time."),
  ),
  follow: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Goes on with the next batch, and waits for new rows, instead of ending after one."),
  ),
  poll_ms: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(10)), 200),
    v.description(
      "With `follow` and `layout: predecessor`: how often an empty queue is looked at. Ours wakes its readers.",
    ),
  ),
  delete_on_emit: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Removes rows as they are handed out. What is then lost on the way is lost."),
  ),
  acks: v.pipe(
    v.optional(v.picklist(["graph", "node"]), "graph"),
    v.description(
      "Who says that a row is done. `graph`: all that came of it has ended. `node`: a `sqlite_queue_ack`, on its way.",
    ),
  ),
  max_attempts: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000))),
    v.description("Tries before a row is set aside as a dead letter; 5 unless given."),
  ),
  lease_ms: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(1)), 60_000),
    v.description("With `acks: node`: after this long without an ack a row is handed out again."),
  ),
  durability: durabilityConfig,
});

export const sqliteQueueSource = defineNode({
  name: "sqlite_queue_source",
  kind: "source",
  doc: `Delivers the packets of a durable queue, oldest first.

It hands out one batch of \`limit\` rows and ends, or goes on with \`follow\`. A row is removed when it is done and comes
again when it is not: delivery is at least once, and a crash between the effect and the ack repeats a packet.

- **\`acks: graph\`**: a row is done when every packet that came of it has ended, also on purpose in a filter. When one
  failed, the row is tried again after a delay (full jitter, at most 1 s, 2 s, 4 s, 8 s), and after \`max_attempts\` it
  is set aside in the file with the reason (\`schnitzel queue peek FILE --dead\` shows it), so it holds up no other.
- **An attempt is counted before delivery**, so a packet that takes the process along ends aside as well. Rows handed
  out but not begun when a run ends are given back uncounted; after a kill those of the batch count too, and come one at
  a time, so that one that kills the process again does so alone.
- **Time** for leases and delays is monotonic; at the start all leases are given back.
- **\`meta.durable\`** names the file, the row and the attempt.
${QUEUE_DOC}
There \`acks\` is \`node\` in effect: a row that is not acknowledged stays, and comes again in the next run.`,
  config,
  outputs: { out: port(ANY, "The packets, as they were enqueued.", "ref_portable") },
  examples: [
    { title: "Drain what an earlier run has kept; here it has kept nothing", config: { path: "alarms.sqlite3" } },
  ],
  create(options, context) {
    const reader = new QueueReader(options, context);
    return {
      open: () => reader.open(),
      run: (signal) => reader.run(signal),
      ...(reader.hearsAcks
        ? { ack: (packet) => reader.ack(packet), nack: (packet, reason) => reader.nack(packet, reason) }
        : {}),
      close: () => reader.close(),
      metrics: () => reader.metrics(),
    };
  },
});

export type SourceConfig = v.InferOutput<typeof config>;
