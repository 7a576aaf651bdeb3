import * as v from "valibot";
import type { FrameInput, ReadFile } from "../../node/index.ts";

export { modelConfig, modelOptions } from "../model_options.ts";

/** A model that is a file of ONNX; `open` says of other files how to export them, and where names are looked for. */
export const modelRead = ({ model }: { model: string }): ReadFile[] =>
  /\.onnx$/i.test(model) ? [{ path: ["model"], file: model }] : [];

const count = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const perChannel = <Value extends v.GenericSchema<number, number>>(value: Value) =>
  v.union([value, v.pipe(v.array(value), v.minLength(1), v.maxLength(4))]);
const divisor = v.pipe(v.number(), v.notValue(0));

/** How frames become the model's input; what is left out follows the model or its family. */
export const inputConfig = v.pipe(
  v.optional(
    v.strictObject({
      fit: v.pipe(
        v.optional(v.picklist(["letterbox", "stretch", "crop"])),
        v.description("Keep the aspect and fill, stretch, or take the middle."),
      ),
      width: v.pipe(v.optional(count(0, 8_192)), v.description("Pixels; 0 takes the model's own, or 640.")),
      height: v.pipe(v.optional(count(0, 8_192)), v.description("Pixels; 0 takes the model's own, or 640.")),
      channels: v.pipe(v.optional(v.picklist(["rgb", "bgr", "gray"])), v.description("Order of the colours.")),
      layout: v.pipe(v.optional(v.picklist(["nchw", "nhwc"])), v.description("Planes, or pixel by pixel.")),
      dtype: v.pipe(v.optional(v.picklist(["float32", "uint8"])), v.description("Type of the input tensor.")),
      scale: v.pipe(v.optional(v.number()), v.description("Value = (pixel × scale − mean) / std, pixel 0 to 255.")),
      mean: v.pipe(v.optional(perChannel(v.number())), v.description("One number, or one per channel.")),
      std: v.pipe(v.optional(perChannel(divisor)), v.description("One number, or one per channel; not 0.")),
      fill: v.pipe(v.optional(count(0, 255)), v.description("Grey of what a letterbox adds.")),
      pad: v.pipe(
        v.optional(v.picklist(["center", "corner"])),
        v.description("A letterbox adds on both sides, or right and below."),
      ),
    }),
    {},
  ),
  v.description("How frames become the model's input; what is left out follows the model or its family."),
);

type InputConfig = v.InferOutput<typeof inputConfig>;

const list = (given: number | readonly number[] | undefined, usual: readonly number[]) =>
  given === undefined ? usual : typeof given === "number" ? [given, given, given] : given;

/** `usual` with what a config says instead. */
export function frameInput(given: InputConfig, usual: FrameInput): FrameInput {
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const input = { ...usual, ...said, mean: list(given.mean, usual.mean), std: list(given.std, usual.std) };
  for (const name of ["mean", "std"] as const) checkLength(name, input);
  return input;
}

function checkLength(name: "mean" | "std", input: FrameInput) {
  const [has, needs] = [input[name].length, input.channels === "gray" ? 1 : 3];
  if (has >= needs) return;
  const numbers = `${has} number${has === 1 ? "" : "s"}`;
  throw new Error(
    `input.${name} has ${numbers}, and ${input.channels} has ${needs} channels: give one for each, or one without a list`,
  );
}

/** Of most models trained with PyTorch: RGB planes of 0…1, aspect kept, grey 114 around. */
export const USUAL_INPUT: FrameInput = {
  fit: "letterbox",
  width: 0,
  height: 0,
  channels: "rgb",
  layout: "nchw",
  dtype: "float32",
  scale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  fill: 114,
  pad: "center",
};
