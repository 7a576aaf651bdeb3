import * as v from "valibot";
import { DEFAULT_FRAMES, FramePools, layoutOf, MADE_FORMATS, Resizer } from "../../media/index.ts";
import { type ConfigIssue, defineNode, type NodeContext, port } from "../../node/index.ts";
import { type Frame, frameBytes, frameOf, frameStride, replace } from "../../packet/index.ts";
import { scaleBoxes } from "./scaled_boxes.ts";

/** Why 16,384: the widest picture that H.264 and HEVC can have. */
const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16_384));

const config = v.strictObject({
  width: v.pipe(v.optional(side), v.description("Pixels. Without `height`, the aspect is kept.")),
  height: v.pipe(v.optional(side), v.description("Pixels. Without `width`, the aspect is kept.")),
  fit: v.pipe(
    v.optional(v.picklist(["stretch", "inside", "letterbox"]), "stretch"),
    v.description("With `width` and `height`: exactly that, as large as fits in, or that with grey borders (114)."),
  ),
  format: v.pipe(
    v.optional(v.picklist(MADE_FORMATS)),
    v.description("How the pixels lie in memory; as they came unless given."),
  ),
});

export type ResizeConfig = v.InferOutput<typeof config>;

export const resize = defineNode({
  name: "resize",
  kind: "transform",
  doc: `Changes the size of frames, and how their pixels lie in memory.

Right behind \`video_file\` or a camera it is done by ffmpeg while it decodes, which is several times faster; \`schnitzel graph\` says
so. A frame that already is as it should be passes as it is. Boxes in \`detections\` and \`truth\` move with the picture.`,
  config,
  inputs: { in: port("frame", "Frames, not `jpeg`.", "inproc_any") },
  outputs: { out: port("frame", "The resized frames.", "inproc_any") },
  examples: [
    {
      title: "A frame that has the size already",
      config: { width: 2, height: 1 },
      input: [
        {
          kind: "frame",
          payload: { width: 2, height: 1, format: "gray", stride: 2, data: new Uint8Array(2), frame_idx: 0 },
        },
      ],
      output: {
        out: [
          {
            kind: "frame",
            payload: { width: 2, height: 1, format: "gray", stride: 2, data: new Uint8Array(2), frame_idx: 0 },
          },
        ],
      },
    },
  ],
  check: ({ width, height, fit, format }): ConfigIssue[] => {
    if (width === undefined && height === undefined) {
      return format === undefined ? [{ path: [], message: "one of width, height and format is needed" }] : [];
    }
    const half = width === undefined || height === undefined;
    return half && fit !== "stretch" ? [{ path: ["fit"], message: `fit: ${fit} needs width and height` }] : [];
  },
  create(options, context) {
    const resizer = new Resizer();
    const made = new MadeFrames(context);
    let [resized, passed] = [0, 0];
    return {
      process(packet, emit) {
        const frame = frameOf(packet.payload);
        const target = targetOf(frame, options);
        const { width, height, format } = target;
        if (width === frame.width && height === frame.height && format === frame.format) {
          passed += 1;
          return emit.out(packet);
        }
        const data = made.take(frameBytes(format, width, height));
        resizer.draw(frame, target, format, data);
        resized += 1;
        const picture = { width, height, format, stride: frameStride(format, width), data };
        const payload = {
          ...(packet.payload as object),
          ...scaleBoxes(packet.payload as object, frame, target),
          ...picture,
        };
        emit.out(replace(packet, { payload }));
      },
      metrics: () => ({ resized_total: resized, passed_total: passed, unpooled_total: made.unpooled }),
    };
  },
});

function targetOf(frame: Frame, { width, height, fit, format = frame.format as never }: ResizeConfig) {
  if (frame.format === "jpeg")
    throw new TypeError("cannot resize a jpeg frame: set format at its source, such as bgr24");
  if (width === undefined && height === undefined)
    return { ...layoutOf(frame, { width: frame.width, fit: "stretch" }), format };
  const size = { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }), fit };
  return { ...layoutOf(frame, size), format };
}

/** Memory for new pixels: of a pool while somebody says when the packet is done, else its own. */
class MadeFrames {
  unpooled = 0;
  readonly #outcome: NodeContext["outcome"];
  readonly #pools = new FramePools(DEFAULT_FRAMES);

  constructor({ outcome }: NodeContext) {
    this.#outcome = outcome;
  }

  take(bytes: number): Uint8Array {
    const outcome = this.#outcome();
    const slot = outcome === undefined ? undefined : this.#pools.of(bytes).take();
    if (slot === undefined) {
      this.unpooled += 1;
      return new Uint8Array(new SharedArrayBuffer(bytes));
    }
    outcome!.onSettled(() => slot.release());
    return slot.data;
  }
}
