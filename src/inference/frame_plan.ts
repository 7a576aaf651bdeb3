import type { FrameInput, ModelPort } from "../node/index.ts";

/** How a frame becomes the input of one model: what a node asked for, with the model's own sizes filled in. */
export interface FramePlan extends FrameInput {
  /** Name of the model's input. */
  readonly port: string;
}

/** Where neither the model nor the node says a size; what YOLO models are trained with. */
const USUAL_SIZE = 640;

/** Throws an Error that says which input the model has when a frame made so does not fit. */
export function framePlan(inputs: readonly ModelPort[], input: FrameInput): FramePlan {
  const port = inputs[0];
  const named = inputs.map(portText).join(", ");
  if (port === undefined || inputs.length > 1 || port.dims.length !== 4) {
    throw new Error(`takes ${named}, and a frame fits only a single input of four dimensions; hand it tensors instead`);
  }
  if (port.type !== input.dtype) throw new Error(`takes ${named}, and frames become ${input.dtype}: set dtype`);
  const [depth, height, width] = input.layout === "nchw" ? [1, 2, 3] : [3, 1, 2];
  const channels = input.channels === "gray" ? 1 : 3;
  if (port.dims[depth]! > 0 && port.dims[depth] !== channels) {
    throw new Error(`takes ${named}, and frames become ${channels} x … as ${input.layout}: set channels or layout`);
  }
  return {
    ...input,
    port: port.name,
    height: side(input.height, port.dims[height]!, "height", named),
    width: side(input.width, port.dims[width]!, "width", named),
  };
}

function side(asked: number, own: number, what: string, named: string): number {
  if (asked === 0) return own > 0 ? own : USUAL_SIZE;
  if (own > 0 && own !== asked) throw new Error(`takes ${named}, so ${what} must be ${own} or 0, got ${asked}`);
  return asked;
}

/** As messages write it: `images: float32 [1,3,416,416]`, with `?` where the size is free. */
export const portText = ({ name, type, dims }: ModelPort): string =>
  `${name}: ${type} [${dims.map((size) => (size < 0 ? "?" : size)).join(",")}]`;
