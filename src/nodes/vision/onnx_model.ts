import * as v from "valibot";
import { defineNode, type FrameInput, type Model, port, type TensorData } from "../../node/index.ts";
import { frameOf, replace, type StreamPacket, typeName } from "../../packet/index.ts";
import { type PayloadPath, pathText, readPath, withPath } from "../payload_path.ts";
import { frameInput, inputConfig, modelConfig, modelOptions, modelRead, USUAL_INPUT } from "./model_config.ts";

const text = v.pipe(v.string(), v.minLength(1));
const TYPES = ["float32", "float64", "int32", "int64", "uint8", "bool"] as const;

const config = v.strictObject({
  ...modelConfig,
  inputs: v.pipe(
    v.optional(
      v.record(
        text,
        v.strictObject({
          from: v.pipe(text, v.description("Place in the payload of a number or a list of them: `window.values`.")),
          dims: v.pipe(
            v.optional(v.array(v.pipe(v.number(), v.integer(), v.minValue(-1)))),
            v.description("Shape; one -1 takes what is left. Left out: the model's, with 1 where that is free."),
          ),
          type: v.pipe(v.optional(v.picklist(TYPES)), v.description("Left out: the model's.")),
        }),
      ),
    ),
    v.description("Where each input tensor comes from, by its name. Left out: the payload is a frame."),
  ),
  input: inputConfig,
  outputs: v.pipe(v.optional(v.array(text), []), v.description("Output tensors that are kept; empty: all.")),
  into: v.pipe(v.optional(text, "tensors"), v.description("Place in the payload where the outputs go.")),
  max_values: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000_000)), 100_000),
    v.description("Numbers of all outputs together in one packet; more is an error."),
  ),
});

type Config = v.InferOutput<typeof config>;
type Inputs = NonNullable<Config["inputs"]>;

/** `identityModel()` of test/support/onnx_models.ts. */
const IDENTITY =
  "CAcSCXNjaG5pdHplbDqJAQoTCgF4EgF5GgF5IghJZGVudGl0eRIIaWRlbnRpdHlaMwoBeBIuCiwIARIoCgcSBWJhdGNoCgoSCGNoYW5uZWxzCggS" +
  "BmhlaWdodAoHEgV3aWR0aGIzCgF5Ei4KLAgBEigKBxIFYmF0Y2gKChIIY2hhbm5lbHMKCBIGaGVpZ2h0CgcSBXdpZHRoQgQKABAN";

export const onnxModel = defineNode({
  name: "onnx_model",
  kind: "compute",
  doc: `Runs any ONNX model on numbers of the payload, or on frames, in worker threads.

With \`inputs\` each input tensor is made of numbers in the payload; without, the payload is a frame and becomes the
model's only input as \`input\` says. The outputs are added at \`into\`: by name \`{ type, dims, data }\`, \`data\` as a flat
list, the last dimension first to change. A frame's pixels are not in what is sent on.`,
  config,
  reads: modelRead,
  inputs: { in: port("*", "Packets with numbers, or frames.") },
  outputs: { out: port("*", "The payload, with the outputs in it and without pixels.", "json_portable") },
  examples: [
    {
      title: "Four readings through a model that gives them back",
      config: {
        ...{ model: "identity.onnx", backend: "wasm", into: "scores" },
        inputs: { x: { from: "readings", dims: [1, 1, 2, -1] } },
      },
      files: { "identity.onnx": Uint8Array.fromBase64(IDENTITY) },
      input: [{ kind: "sensor", payload: { readings: [1, 2, 3, 4] } }],
      output: {
        out: [
          {
            kind: "sensor",
            payload: {
              readings: [1, 2, 3, 4],
              scores: { y: { type: "float32", dims: [1, 1, 2, 2], data: [1, 2, 3, 4] } },
            },
          },
        ],
      },
    },
  ],
  check: ({ inputs }) =>
    Object.entries(inputs ?? {}).flatMap(([name, { dims = [] }]) =>
      dims.filter((size) => size === -1).length > 1
        ? [{ path: ["inputs", name, "dims"], message: "only one dimension can be -1, which takes what is left" }]
        : [],
    ),
  create(options, context) {
    let model: Model | undefined;
    let input = USUAL_INPUT;
    let emitted = 0;
    return {
      async open() {
        model = await context.inference.open(modelOptions(options));
        input = frameInput(options.input, model.usual.input ?? USUAL_INPUT);
        if (options.inputs === undefined) model.checkInput(input);
        else checkNames(options.inputs, model);
      },
      async process(packet, emit) {
        const outputs = await run(model!, packet, options.inputs, input);
        const payload = withPath(withoutPixels(packet.payload), options.into, kept(outputs, options, model!));
        emitted += 1;
        emit.out(replace(packet, { payload }));
      },
      close: () => model?.release(),
      metrics: () => ({ ...model?.metrics(), emitted_total: emitted }),
    };
  },
});

function run(model: Model, { payload }: StreamPacket, inputs: Inputs | undefined, input: FrameInput) {
  if (inputs === undefined) return model.runFrame(frameOf(payload), input);
  const tensors = Object.entries(inputs).map(([name, spec]) => [name, tensor(payload, name, spec, model)]);
  return model.run(Object.fromEntries(tensors));
}

function checkNames(inputs: Inputs, model: Model) {
  const names = model.inputs.map(({ name }) => name);
  const unknown = Object.keys(inputs).find((name) => !names.includes(name));
  const missing = names.find((name) => !Object.hasOwn(inputs, name));
  if (unknown === undefined && missing === undefined) return;
  const fact = unknown === undefined ? `input "${missing}" has no entry in inputs` : `there is no input "${unknown}"`;
  throw new Error(`cannot feed ${model.about.name}: ${fact}; the model has ${names.join(", ")}`);
}

function tensor(payload: unknown, name: string, { from, dims, type }: Inputs[string], model: Model): TensorData {
  const wanted = model.inputs.find((input) => input.name === name)!;
  const values = numbersAt(payload, from);
  const kind = type ?? TYPES.find((known) => known === wanted.type);
  if (kind === undefined) {
    throw new Error(`input "${name}" of ${model.about.name} is ${wanted.type}; there are ${TYPES.join(", ")}`);
  }
  return { type: kind, dims: shape(dims ?? wanted.dims, values.length, name), data: ARRAYS[kind](values) };
}

const ARRAYS: Record<(typeof TYPES)[number], (values: readonly number[]) => TensorData["data"]> = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => Float64Array.from(values),
  int32: (values) => Int32Array.from(values),
  int64: (values) => BigInt64Array.from(values, (value) => BigInt(Math.trunc(value))),
  uint8: (values) => Uint8Array.from(values),
  bool: (values) => Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)),
};

function numbersAt(payload: unknown, from: PayloadPath): number[] {
  const { found, value } = readPath(payload, from);
  if (!found) throw new TypeError(`payload.${pathText(from)} is not there; a number or a list of numbers must be`);
  const values = (Array.isArray(value) ? (value.flat(8) as unknown[]) : [value]).map((one) =>
    typeof one === "boolean" ? Number(one) : one,
  );
  const wrong = values.find((one) => typeof one !== "number" || !Number.isFinite(one));
  if (wrong === undefined) return values as number[];
  throw new TypeError(
    `payload.${pathText(from)} must be numbers, got ${typeName(wrong)} (${String(wrong).slice(0, 40)})`,
  );
}

/** The shape with its free place filled: the first one takes what is left, others are 1. */
function shape(dims: readonly number[], values: number, name: string): number[] {
  const fixed = dims.filter((size) => size > 0).reduce((product, size) => product * size, 1);
  const free = dims.indexOf(-1);
  const filled = dims.map((size, at) => (size !== -1 ? size : at === free ? values / fixed : 1));
  if (filled.every(Number.isInteger) && filled.reduce((product, size) => product * size, 1) === values) return filled;
  throw new TypeError(`input "${name}" of shape ${dims.join("x")} cannot be made of ${values} numbers`);
}

function kept(outputs: ReadonlyMap<string, TensorData>, { outputs: names, max_values }: Config, model: Model) {
  const wanted = names.length === 0 ? [...outputs.keys()] : names;
  let left = max_values;
  const entries = wanted.map((name) => {
    const output = outputs.get(name);
    if (output === undefined) {
      throw new Error(`${model.about.name} has no output "${name}"; it has ${[...outputs.keys()].join(", ")}`);
    }
    left -= output.data.length;
    if (left < 0)
      throw new Error(`the outputs have over ${max_values} numbers: name fewer in outputs, or raise max_values`);
    return [name, { type: output.type, dims: [...output.dims], data: Array.from(output.data, Number) }];
  });
  return Object.fromEntries(entries);
}

function withoutPixels(payload: unknown): unknown {
  if (typeof payload !== "object" || payload === null || !("data" in payload)) return payload;
  const { data, ...rest } = payload;
  return data instanceof Uint8Array ? rest : payload;
}
