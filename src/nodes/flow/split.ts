import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, port, Rejected } from "../../node/index.ts";
import { idempotencyKey, type StreamPacket } from "../../packet/index.ts";
import { type PayloadPath, readPath, withPath } from "../payload_path.ts";
import { derivedMeta } from "./copy_key.ts";
import { chunkParts, lineParts, listParts, type Parts, type Windows } from "./split_parts.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

const config = v.strictObject({
  by: v.pipe(
    v.picklist(["list", "lines", "chunk"]),
    v.description("`list`: its items; `lines`: of a text; `chunk`: characters of a text, or bytes."),
  ),
  path: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description("Where in the payload; the whole payload when left out."),
  ),
  size: v.pipe(
    v.optional(positive),
    v.description("Items, lines, or characters per part. Needed for `chunk`; else 1, which gives items themselves."),
  ),
  step: v.pipe(
    v.optional(positive),
    v.description("A part begins every so many; `size` when left out. Fewer: they overlap."),
  ),
  keep: v.pipe(
    v.optional(v.boolean(), false),
    v.description("A part keeps the rest of the payload, and stands at `path` in it."),
  ),
  max_parts: v.pipe(
    v.optional(positive, 100_000),
    v.description("A packet with more parts is rejected, before the first one is sent."),
  ),
});

type Config = v.InferOutput<typeof config>;

const readings = { payload: { site: "yard", readings: [3, 4] }, meta: { idempotency_key: "k" } };
const part = (index: number) => ({ idempotency_key: `k/node/${index}`, split: { id: "k", index, count: 2 } });

export const split = defineNode({
  name: "split",
  kind: "transform",
  doc: `Makes many packets of one: items of a list, windows of lines, or pieces of fixed size.

Each part has \`meta.split\`: \`{ id, index, count }\`, with the packet's idempotency key as \`id\`, so that \`join_by_id\` can
gather them again, and a key of its own derived from that. They are made one by one as room allows. A packet without any
part, such as an empty list, leaves by \`empty\`. The packet is done when all its parts are.`,
  config,
  inputs: { in: port(ANY, "Packets to cut.") },
  outputs: { out: port(ANY, "The parts, in order."), empty: port(ANY, "Packets with nothing to cut.") },
  examples: [
    {
      title: "A batch of readings, one by one",
      config: { by: "list", path: "readings", keep: true },
      input: [readings, { payload: { readings: [] } }],
      output: {
        out: [
          { payload: { site: "yard", readings: 3 }, meta: part(0) },
          { payload: { site: "yard", readings: 4 }, meta: part(1) },
        ],
        empty: [{ payload: { readings: [] } }],
      },
    },
    {
      title: "Three lines at a time, the last of each again",
      config: { by: "lines", size: 3, step: 2 },
      input: [{ payload: "a\nb\nc\nd\ne\n" }],
      output: { out: [{ payload: "a\nb\nc" }, { payload: "c\nd\ne" }] },
    },
    {
      title: "Pieces of at most four characters",
      config: { by: "chunk", size: 4 },
      input: [{ payload: "schnitzel" }],
      output: { out: [{ payload: "schn" }, { payload: "itze" }, { payload: "l" }] },
    },
  ],
  check: sizeIssues,
  create(options, context) {
    const { path, keep, max_parts } = options;
    const windows: Windows = { size: options.size ?? 1, step: options.step ?? options.size ?? 1 };
    let parts = 0;
    function* packets(packet: StreamPacket, { count, values }: Parts) {
      const { ts, kind, source_id, payload } = packet;
      const id = idempotencyKey(packet);
      let index = 0;
      for (const value of values) {
        const meta = derivedMeta(packet, context.nodeId, index, { split: { id, index, count } });
        const made = keep ? withPath(payload, path!, value) : value;
        index += 1;
        parts += 1;
        yield context.packet({ ts, kind, source_id, payload: made, meta });
      }
    }
    return {
      process(packet, emit) {
        const cut = partsOf(packet.payload, options, windows);
        if (cut.count === 0) return emit.empty(packet);
        if (cut.count <= max_parts) return packets(packet, cut);
        throw new Rejected(`cannot split the payload: it has ${cut.count} parts, at most ${max_parts} are allowed`);
      },
      metrics: () => ({ parts_total: parts }),
    };
  },
});

function partsOf(payload: unknown, { by, path }: Config, windows: Windows): Parts {
  const { found, value } = path === undefined ? { found: true, value: payload } : readPath(payload, path);
  const refuse = (wanted: string) => {
    const got = found ? (value === null ? "null" : typeof value) : "nothing";
    return new Rejected(`cannot split ${placeOf(path)}: expected ${wanted} there, got ${got}`);
  };
  if (by === "list") {
    if (Array.isArray(value)) return listParts(value, windows);
    throw refuse("a list");
  }
  if (typeof value === "string") return by === "lines" ? lineParts(value, windows) : chunkParts(value, windows);
  if (by === "chunk" && value instanceof Uint8Array) return chunkParts(value, windows);
  throw refuse(by === "lines" ? "a text" : "a text or bytes");
}

const placeOf = (path: PayloadPath | undefined) => (path === undefined ? "the payload" : `"${path}" of the payload`);

function sizeIssues({ by, size, path, keep }: Config): ConfigIssue[] {
  return [
    ...(by === "chunk" && size === undefined ? [{ path: ["by"], message: "needs `size`, the length of a piece" }] : []),
    ...(keep && path === undefined ? [{ path: ["keep"], message: "needs `path`, where a part stands" }] : []),
  ];
}
