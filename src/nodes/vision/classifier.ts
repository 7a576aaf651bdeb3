import * as v from "valibot";
import { defineNode, type FrameInput, type Model, port, type TensorData } from "../../node/index.ts";
import { frameOf } from "../../packet/index.ts";
import { ACTIVATIONS, activate } from "../activation.ts";
import { frameInput, inputConfig, modelConfig, modelOptions, modelRead, USUAL_INPUT } from "./model_config.ts";

const config = v.strictObject({
  ...modelConfig,
  input: inputConfig,
  output: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description("Name of the output with one number per class; left out: the first."),
  ),
  activation: v.pipe(
    v.optional(v.picklist(ACTIVATIONS), "softmax"),
    v.description("What makes shares of the numbers: `softmax` one class of many, `sigmoid` each on its own."),
  ),
  class_names: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.minLength(1)))),
    v.description("Names by class number, where the model carries none."),
  ),
  top: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)), 3),
    v.description("How many classes are told, the likeliest first."),
  ),
  confidence: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0),
    v.description("Less likely classes are not told."),
  ),
});

/** The usual picture classifier's: 224 pixels, mean and spread of ImageNet. */
const CLASSIFIER_INPUT: FrameInput = {
  ...USUAL_INPUT,
  fit: "stretch",
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

const GREEN = { width: 1, height: 1, format: "rgb24", stride: 3, data: Uint8Array.of(0, 255, 0), frame_idx: 0 };
const IS_GREEN = { class_id: 1, class_name: "green", confidence: 1 };
/** The mean of each channel of one pixel: `meanColorModel(1)` of test/support/onnx_models.ts. */
const MEAN_COLOR =
  "CAcSCXNjaG5pdHplbDrWAQpFCgZpbWFnZXMSE2dsb2JhbGF2ZXJhZ2Vwb29sXzEaE2dsb2JhbGF2ZXJhZ2Vwb29sXzEiEUdsb2JhbEF2ZXJhZ2VQ" +
  "b29sCjsKE2dsb2JhbGF2ZXJhZ2Vwb29sXzESBm91dHB1dBoGb3V0cHV0IgdGbGF0dGVuKgsKBGF4aXMYAaABAhIKbWVhbl9jb2xvclolCgZpbWFn" +
  "ZXMSGwoZCAESFQoHEgViYXRjaAoCCAMKAggBCgIIAWIdCgZvdXRwdXQSEwoRCAESDQoHEgViYXRjaAoCCANCBAoAEA1yKgoFbmFtZXMSIXswOiAn" +
  "cmVkJywgMTogJ2dyZWVuJywgMjogJ2JsdWUnfQ==";

export const classifier = defineNode({
  name: "classifier",
  kind: "compute",
  doc: `Says what a frame shows, with an ONNX model in worker threads.

The frame goes on by \`out\` with \`payload.classes\`, a list of \`{ class_id, class_name, confidence }\`, the likeliest
first; by \`classes\` leaves the same list without pixels. Behind \`crop\` it says what each detected object is.`,
  config,
  reads: modelRead,
  inputs: { in: port("frame", "Frames of any raw format, or JPEG.", "inproc_any") },
  outputs: {
    out: port("frame", "The frame with its classes.", "inproc_any"),
    classes: port("classification", "Only the classes, with the frame's number.", "json_portable"),
  },
  examples: [
    {
      title: "Which colour a picture has most of",
      config: {
        ...{ model: "mean_color.onnx", activation: "none", top: 1, backend: "wasm" },
        input: { mean: 0, std: 1 },
      },
      files: { "mean_color.onnx": Uint8Array.fromBase64(MEAN_COLOR) },
      input: [{ kind: "frame", source_id: "cam01", payload: GREEN }],
      output: {
        out: [{ kind: "frame", source_id: "cam01", payload: { ...GREEN, classes: [IS_GREEN] } }],
        classes: [
          {
            kind: "classification",
            source_id: "cam01",
            payload: { frame_idx: 0, classes: [IS_GREEN] },
          },
        ],
      },
    },
  ],
  create(options, context) {
    let model: Model | undefined;
    let input = CLASSIFIER_INPUT;
    let frames = 0;
    return {
      async open() {
        model = await context.inference.open(modelOptions(options));
        input = frameInput(options.input, model.usual.input ?? CLASSIFIER_INPUT);
        model.checkInput(input);
      },
      async process(packet, emit) {
        const frame = frameOf(packet.payload);
        const outputs = await model!.runFrame(frame, input);
        const names = options.class_names ?? model!.classes;
        const classes = ranked(scores(outputOf(outputs, options.output, model!)), options, names);
        frames += 1;
        const { ts, source_id } = packet;
        const meta = { ...packet.meta, model: model!.about.name };
        emit.out(context.packet({ kind: "frame", ts, source_id, meta, payload: { ...frame, classes } }));
        const payload = { frame_idx: frame.frame_idx, classes };
        emit.classes(context.packet({ kind: "classification", ts, source_id, meta, payload }));
      },
      close: () => model?.release(),
      metrics: () => ({ ...model?.metrics(), emitted_total: frames }),
    };
  },
});

function outputOf(outputs: ReadonlyMap<string, TensorData>, name: string | undefined, model: Model): TensorData {
  const output = name === undefined ? outputs.values().next().value : outputs.get(name);
  if (output !== undefined) return output;
  throw new Error(
    `${model.about.name} has no output "${name}"; it has ${[...outputs.keys()].join(", ")}: change output`,
  );
}

function scores({ data, dims }: TensorData): Float64Array {
  if (!(data instanceof BigInt64Array)) return Float64Array.from(data);
  throw new TypeError(`classes need one number each; the output is int64 of ${dims.join("x")}: name another in output`);
}

function ranked(
  values: Float64Array,
  { activation, top, confidence }: v.InferOutput<typeof config>,
  names: readonly string[],
) {
  const shares = activate(activation, values);
  if (shares.some(Number.isNaN)) throw new Error("the model gave NaN: its input may be scaled otherwise; see input");
  return [...shares.keys()]
    .sort((a, b) => shares[b]! - shares[a]! || a - b)
    .slice(0, top)
    .filter((id) => shares[id]! >= confidence)
    .map((id) => ({ class_id: id, class_name: names[id] ?? String(id), confidence: shares[id]! }));
}
