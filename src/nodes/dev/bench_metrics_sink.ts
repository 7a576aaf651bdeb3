import * as v from "valibot";
import { defineNode, type NodeContext, type OpenFile, type Port, port } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

const config = v.strictObject({
  output_path: v.pipe(v.string(), v.minLength(1), v.description("File to write; what is there is replaced.")),
  flush: v.pipe(v.optional(v.boolean(), true), v.description("Writes line by line instead of in blocks.")),
  forward: v.pipe(v.optional(v.boolean(), false), v.description("Also passes packets on, by `out`.")),
  group_weights: v.pipe(
    v.optional(v.record(v.string(), v.number()), {}),
    v.description("For whoever reads the file: what an event of each group is worth."),
  ),
});

type Config = v.InferOutput<typeof config>;

/** Without `flush` lines are written in blocks of so many characters. */
const BLOCK = 65_536;

export const benchMetricsSink = defineNode({
  name: "bench_metrics_sink",
  kind: "sink",
  doc: `Writes one line of JSON per event: its number, its group, and how long it was under way.

\`latency_ms\` is the time since \`risk_source\` made the event, on the clock of this process. \`bun run bench fairness\` makes its
figures from such files. A line that the disk refuses makes the packet a dead letter.`,
  config,
  owns: ({ output_path }) => [{ path: ["output_path"], what: `file ${output_path}` }],
  inputs: { in: port("event", "Events that `risk_source` made.", "json_portable") },
  outputs: ({ forward }: Config) =>
    (forward ? { out: port("event", "The events, unchanged.", "json_portable") } : {}) as { out: Port },
  examples: [
    {
      title: "Write and pass on",
      config: { output_path: "lines.jsonl", forward: true },
      input: [{ kind: "event", payload: { seq: 4, group_id: "a", logical_ts_ms: 40 } }],
      output: { out: [{ kind: "event", payload: { seq: 4, group_id: "a", logical_ts_ms: 40 } }] },
    },
  ],
  create({ output_path, flush, forward }, context) {
    const file = new Lines(context.files.open(output_path, "w"), flush ? 0 : BLOCK);
    const counts = { written_total: 0, write_error_total: 0, recovery_marker_seen_total: 0 };
    return {
      process(packet, emit) {
        if (packet.meta.recovery_marker === true) counts.recovery_marker_seen_total += 1;
        try {
          file.write(`${JSON.stringify(line(packet, context))}\n`);
        } catch (error) {
          counts.write_error_total += 1;
          throw new Error(`cannot write ${output_path}: ${(error as Error).message}`, { cause: error });
        }
        counts.written_total += 1;
        if (forward) emit.out(packet);
      },
      close: () => file.close(),
      metrics: () => counts,
    };
  },
});

function line({ packet_id, payload, kind, source_id, meta }: StreamPacket, { nodeId, clock }: NodeContext) {
  const event = (typeof payload === "object" && payload !== null ? payload : {}) as Record<string, unknown>;
  const observed = Math.round(clock.monotonicMs() * 1e6);
  const emitted = typeof meta.emitted_mono_ns === "number" ? meta.emitted_mono_ns : null;
  return {
    ...{ node_id: nodeId, packet_id, seq: event.seq ?? null, group_id: event.group_id ?? null, source_id, kind },
    ...{ logical_ts_ms: event.logical_ts_ms ?? null, latency_ms: emitted === null ? null : (observed - emitted) / 1e6 },
    ...{ observed_mono_ns: observed, emitted_mono_ns: emitted, recovery_marker: meta.recovery_marker === true },
  };
}

class Lines {
  readonly #file: OpenFile;
  readonly #block: number;
  #waiting = "";

  constructor(file: OpenFile, block: number) {
    this.#file = file;
    this.#block = block;
  }

  write(text: string) {
    this.#waiting += text;
    if (this.#waiting.length > this.#block) this.#flush();
  }

  close() {
    try {
      this.#flush();
    } finally {
      this.#file.close();
    }
  }

  /** A line that was refused is not tried again: its packet is a dead letter. */
  #flush() {
    const text = this.#waiting;
    this.#waiting = "";
    if (text !== "") this.#file.write(text);
  }
}
