import * as path from "node:path";
import * as v from "valibot";
import { encodeJpeg } from "../../media/index.ts";
import { defineNode, type Port, port } from "../../node/index.ts";
import { frameOf, replace } from "../../packet/index.ts";
import { fileSegment, fileTime } from "./file_segment.ts";
import { KEPT_ENTRIES, KeptFiles } from "./kept_files.ts";

const config = v.strictObject({
  dir: v.pipe(v.optional(v.pipe(v.string(), v.minLength(1)), "pictures"), v.description("Folder; it is made.")),
  quality: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 85),
    v.description("Of the JPEGs, 1 to 100."),
  ),
  max_width: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(16))),
    v.description("Pixels; wider frames are made smaller."),
  ),
  ...KEPT_ENTRIES,
  forward: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Also passes frames on, by `out`, with `meta.file` as `{ path, node_id }`."),
  ),
});

type Config = v.InferOutput<typeof config>;

const DOT = { width: 1, height: 1, format: "gray", stride: 1, data: new Uint8Array(1), frame_idx: 0 };

export const pictureSink = defineNode({
  name: "picture_sink",
  kind: "sink",
  doc: `Writes every frame as a JPEG file.

The file is \`<dir>/<source_id>/<date>/<ts>.jpg\`, where every character of \`ts\` but digits, letters, \`_\` and \`-\` is
\`_\`; it is there whole or not at all, and on the disk before the frame counts as done. The oldest pictures make room for
new ones; what lies in the folder under other names than these is left alone. For a picture of what an event is about see \`snapshot_sink\`.`,
  config,
  inputs: { in: port("frame", "Frames to keep; raw or JPEG.", "inproc_any") },
  outputs: ({ forward }: Config) =>
    (forward ? { out: port("frame", "The frames, with the file in their meta.", "inproc_any") } : {}) as { out: Port },
  owns: ({ dir }) => [{ path: ["dir"], what: `pictures in ${dir}` }],
  examples: [
    {
      title: "Say where the picture went",
      config: { dir: "pictures", min_free: 0, forward: true },
      input: [{ kind: "frame", source_id: "yard", payload: DOT }],
      output: { out: [{ kind: "frame", source_id: "yard", payload: DOT }] },
    },
  ],
  create({ quality, max_width, forward, ...folder }, context) {
    const kept = new KeptFiles(folder, [".jpg"], context);
    const size = max_width === undefined ? {} : { maxWidth: max_width };
    let written = 0;
    return {
      async process(packet, emit) {
        const { ts, source_id } = packet;
        const name = path.join(fileSegment(source_id), fileSegment(ts.slice(0, 10)), `${fileTime(ts)}.jpg`);
        const file = await kept.write(name, await encodeJpeg(frameOf(packet.payload), { quality, ...size }));
        written += 1;
        if (!forward) return;
        const meta = { ...packet.meta, file: { path: file, node_id: context.nodeId } };
        emit.out(replace(packet, { meta }));
      },
      metrics: () => ({ ...kept.metrics(), written_total: written }),
    };
  },
});
