import * as v from "valibot";
import { ANY, defineNode, type Port, port } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { readableText } from "../packet_text.ts";

const config = v.strictObject({
  prefix: v.pipe(v.optional(v.string(), ""), v.description("Text in front of every line.")),
  format: v.pipe(
    v.optional(v.picklist(["json", "payload", "text", "python"]), "json"),
    v.description(
      "`json`: the packet. `payload`: the payload alone. `text`: time, kind, source and payload. " +
        "`python`: the packet as the predecessor printed it.",
    ),
  ),
  forward: v.pipe(v.optional(v.boolean(), false), v.description("Also passes packets on, by `out`.")),
});

type Config = v.InferOutput<typeof config>;

const FORMATS: Record<Config["format"], () => (packet: StreamPacket) => string> = {
  json: () => readableText({ body: "packet", spacing: "compact", ensure_ascii: false }),
  payload: () => readableText({ body: "payload", spacing: "compact", ensure_ascii: false }),
  python: () => readableText({ body: "packet", spacing: "python", ensure_ascii: true }),
  text() {
    const payload = FORMATS.payload();
    return (packet) => `${packet.ts} ${packet.kind} ${packet.source_id} ${payload(packet)}`;
  },
};

export const printSink = defineNode({
  name: "print_sink",
  kind: "sink",
  doc: `Prints one line per packet on standard output.

It is for a person's eye and never fails: what JSON cannot hold is shown as text, bytes as their count. A line
that a program reads back belongs into \`jsonl_sink\`: what a reader that has gone did not take is lost without a word,
also for a durable edge, which counts every packet printed as delivered. \`format: python\` is how the predecessor printed.`,
  config,
  inputs: { in: port(ANY, "Packets to print.") },
  passes: true,
  outputs: ({ forward }: Config) => (forward ? { out: port(ANY, "The packets, unchanged.") } : {}) as { out: Port },
  examples: [
    {
      title: "A payload per line",
      config: { format: "payload", prefix: "alarm " },
      input: [{ payload: { celsius: 41 } }],
      output: {},
      stdout: 'alarm {"celsius":41}\n',
    },
    {
      title: "In the middle of a graph",
      config: { format: "text", forward: true },
      input: [{ ts: "2026-01-01T06:00:00Z", kind: "sensor", source_id: "yard", payload: 4 }],
      output: { out: [{ source_id: "yard", payload: 4 }] },
      stdout: "2026-01-01T06:00:00Z sensor yard 4\n",
    },
  ],
  create({ prefix, format, forward }, { io, outcome }) {
    const text = FORMATS[format]();
    return {
      process(packet, emit) {
        io.write(`${prefix}${text(packet)}\n`);
        if (outcome() !== undefined) io.flush?.();
        if (forward) emit.out(packet);
      },
      flush: () => io.flush?.(),
    };
  },
});
