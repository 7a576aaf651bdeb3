import { normalize } from "node:path";
import * as v from "valibot";
import { ANY, defineNode, type Port, port } from "../../node/index.ts";
import { packetText, textConfig } from "../packet_text.ts";
import { LineFile } from "./line_file.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

const config = v.strictObject({
  path: v.pipe(v.string(), v.minLength(1), v.description("File to append to; its folders are made.")),
  body: v.pipe(
    v.optional(v.picklist(["packet", "payload"]), "packet"),
    v.description("A line is the whole packet, or its payload alone."),
  ),
  ...textConfig,
  forward: v.pipe(v.optional(v.boolean(), false), v.description("Also passes packets on, by `out`.")),
  flush_ms: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0)), 200),
    v.description(
      "Longest time a line waits in memory when nobody waits for its packet; 0 writes every line by itself.",
    ),
  ),
  fsync: v.pipe(
    v.optional(v.picklist(["never", "interval", "always"]), "interval"),
    v.description("When lines are forced onto the disk: by the system, every second, or line by line."),
  ),
  max_bytes: v.pipe(v.optional(positive), v.description("Begins a new file before this size is passed.")),
  max_age_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0.001))),
    v.description("Begins a new file this long after the current one was opened, if it has a line."),
  ),
  // 10 times max_bytes is what a person plans for; a disk that fills up stops everything.
  max_files: v.pipe(
    v.optional(v.pipe(positive, v.maxValue(10_000)), 10),
    v.description("Older files kept (`path.1` is the newest); the oldest beyond is deleted and counted."),
  ),
  atomic: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Writes to `path.tmp` and gives it its name when it is complete."),
  ),
});

type Config = v.InferOutput<typeof config>;

export const jsonlSink = defineNode({
  name: "jsonl_sink",
  kind: "sink",
  doc: `Appends one line of JSON per packet to a file.

- **Rotation**: with \`max_bytes\` or \`max_age_sec\` the full file becomes \`path.1\`, the one before \`path.2\`,
  and so on up to \`max_files\`. A line is never split; one longer than \`max_bytes\` has a file to itself.
- **Atomic**: a reader never sees a half-written file at \`path\`. The file of an earlier run moves to \`path.1\`.
  What a crash left in \`path.tmp\` is kept: the next run goes on behind it.
- **After a crash** the last line may be cut off. It is ended with a line feed when the file is opened, logged and
  counted (\`torn_lines_total\`): cutting it away could lose a whole line that lacks only its end.
- **Disk full**: packets become dead letters until the disk takes lines again; no line is written twice. Lines that
  still wait when the run ends become dead letters as well.
- **Acknowledged**: while somebody waits for a packet (a durable edge, the sender of a request), its line is in the
  file before the packet counts as done, whatever \`flush_ms\` says, and a failed write fails the packet. A kill of the
  process then loses nothing. A power cut loses nothing with \`fsync: always\`, up to a second of lines with
  \`interval\`, and what the system had not written yet (often 30 s) with \`never\`, though the row in the queue is gone.
  A line whose write or sync failed half-way may be there twice, as the packet comes again.
- **Unwritable values** (NaN, Infinity, bigint, function, a cycle, bytes) make the packet a dead letter.

The predecessor wrote \`spacing: python\` and flushed every line (\`flush_ms: 0\`, \`fsync: never\`).`,
  config,
  // Each would cut the other's lines, and rotate files away under it.
  owns: ({ path }) => [{ path: ["path"], what: `file ${normalize(path)}` }],
  inputs: { in: port(ANY, "Packets to write.", "json_portable") },
  passes: true,
  outputs: ({ forward }: Config) =>
    (forward ? { out: port(ANY, "The packets, unchanged.", "json_portable") } : {}) as { out: Port },
  examples: [
    {
      title: "Keep every alarm and pass it on",
      config: { path: "alarms.jsonl", forward: true, max_bytes: 10_000_000 },
      input: [{ kind: "event", source_id: "cam01", payload: { zone: "dock" } }],
      output: { out: [{ kind: "event", source_id: "cam01", payload: { zone: "dock" } }] },
    },
  ],
  create(options, context) {
    const text = packetText(options);
    const file = new LineFile(options, context);
    const { forward } = options;
    let written = 0;
    return {
      process(packet, emit) {
        file.write(`${text(packet)}\n`, context.outcome() !== undefined);
        written += 1;
        if (forward) emit.out(packet);
      },
      flush: () => file.flush(),
      close() {
        try {
          file.close();
        } catch (error) {
          const lines = file.unwritten();
          written -= lines.length;
          for (const line of lines) context.reject({ file: options.path, line }, (error as Error).message);
          throw error;
        }
      },
      metrics: () => ({ written_total: written, ...file.metrics() }),
    };
  },
});
