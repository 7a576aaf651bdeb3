import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";
import { frameIndex } from "./frame.ts";

export const everyNthFrame = defineNode({
  name: "every_nth_frame",
  kind: "transform",
  doc: `Keeps the frames whose number fits: (frame number − \`offset\`) mod \`every_n\` = 0. The others leave by \`skipped\`.

The number is \`payload.frame_idx\` (or \`payload.frame_index\`), not a count of packets, so frames lost upstream do not
shift the choice, and a frame that comes again from a durable edge is chosen as before. For a target rate use
\`sample\`, which counts packets and belongs before the durable edge.`,
  config: v.strictObject({
    every_n: v.pipe(
      v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
      v.description("Distance between kept frames; 1 keeps all."),
    ),
    offset: v.pipe(v.optional(v.pipe(v.number(), v.integer()), 0), v.description("Number of a frame that is kept.")),
  }),
  inputs: { in: port("frame", "Numbered frames.", "inproc_any") },
  outputs: {
    out: port("frame", "Every n-th frame.", "inproc_any"),
    skipped: port("frame", "The frames between.", "inproc_any"),
  },
  examples: [
    {
      title: "Every second frame",
      config: { every_n: 2 },
      input: [0, 1, 2].map((frame_idx) => ({ kind: "frame", payload: { frame_idx } })),
      output: {
        out: [0, 2].map((frame_idx) => ({ kind: "frame", payload: { frame_idx } })),
        skipped: [{ kind: "frame", payload: { frame_idx: 1 } }],
      },
    },
  ],
  create({ every_n, offset }) {
    let kept = 0;
    let dropped = 0;
    return {
      process(packet, emit) {
        // A negative number leaves a remainder of -0, which equals 0, or a negative one, which does not.
        if ((frameIndex(packet) - offset) % every_n === 0) {
          kept += 1;
          emit.out(packet);
        } else {
          dropped += 1;
          emit.skipped(packet);
        }
      },
      metrics: () => ({ kept_total: kept, dropped_total: dropped }),
    };
  },
});
