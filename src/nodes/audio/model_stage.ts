import * as v from "valibot";
import type { Model, TensorData } from "../../node/index.ts";

const text = v.pipe(v.string(), v.minLength(1));
/** Why 10 million: 10 minutes at 16 kHz, more than any model hears at once. */
const length = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000_000));

export const stageConfig = v.strictObject({
  model: v.pipe(text, v.description("A name that `schnitzel models ls` knows, or an .onnx file.")),
  window: v.pipe(length, v.description("Samples, or rows of the stage before, that go into the model at once.")),
  hop: v.pipe(
    v.optional(length),
    v.description("From one window to the next, at most `window`, which it is unless given."),
  ),
  dims: v.pipe(
    v.optional(v.array(v.pipe(v.number(), v.integer(), v.minValue(1)))),
    v.description("Shape of the input; the model's own unless given, its last free place taking what is left."),
  ),
  scale: v.pipe(
    v.optional(v.number(), 1),
    v.description("Each value is multiplied by this; 32768 makes 16-bit samples."),
  ),
  offset: v.pipe(v.optional(v.number(), 0), v.description("And this is added.")),
  input: v.pipe(v.optional(text), v.description("Input tensor; the first unless given.")),
  output: v.pipe(v.optional(text), v.description("Output tensor; the first unless given.")),
  width: v.pipe(
    v.optional(length),
    v.description("Values of one row of the output; all of it is one row unless given."),
  ),
  constants: v.pipe(
    v.optional(v.record(text, v.union([v.number(), v.array(v.number())])), {}),
    v.description("Other inputs, such as `{ sr: 16000 }`."),
  ),
});

export type StageConfig = v.InferOutput<typeof stageConfig>;

/** What a stage made of a window, or a window itself; and the samples it stands for. */
export interface Row {
  readonly values: Float32Array;
  readonly fromIdx: number;
  readonly toIdx: number;
}

/** One model over windows that come one after the other. */
export class ModelStage {
  readonly #config: StageConfig;
  readonly #model: Model;
  #rows: Row[] = [];

  constructor(config: StageConfig, model: Model) {
    this.#config = config;
    this.#model = model;
  }

  /** The next rows do not follow. */
  clear(): void {
    this.#rows = [];
  }

  /** The rows that the model makes of these and those before. One call at a time. */
  async push(rows: readonly Row[]): Promise<Row[]> {
    const { window, hop = window } = this.#config;
    this.#rows.push(...rows);
    const made: Row[] = [];
    while (this.#rows.length >= window) {
      made.push(...(await this.run(joined(this.#rows.slice(0, window)))));
      this.#rows.splice(0, hop);
    }
    return made;
  }

  /** The rows that the model makes of one window. */
  async run({ values: given, fromIdx, toIdx }: Row): Promise<Row[]> {
    const outputs = await this.#model.run({ ...this.#constants(), [this.#input().name]: this.#tensor(given) });
    const { output, width } = this.#config;
    const values = output === undefined ? outputs.values().next().value : outputs.get(output);
    if (values === undefined) throw this.#error(`no output "${output}"; it has ${[...outputs.keys()].join(", ")}`);
    const all = Float32Array.from(values.data, Number);
    const bad = all.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new Error(`${this.#model.about.name} gave ${all[bad]}: its input may be scaled otherwise`);
    const row = width ?? all.length;
    if (all.length % row !== 0) throw this.#error(`${all.length} values in its output, which are no rows of ${row}`);
    const part = (at: number) => all.subarray(at * row, (at + 1) * row);
    return Array.from({ length: all.length / row }, (_, at) => ({ values: part(at), fromIdx, toIdx }));
  }

  #input() {
    const { input = this.#model.inputs[0]?.name } = this.#config;
    const found = this.#model.inputs.find(({ name }) => name === input);
    if (found !== undefined) return found;
    throw this.#error(`no input "${input}"; it has ${this.#model.inputs.map(({ name }) => name).join(", ")}`);
  }

  #tensor(given: Float32Array): TensorData {
    const { scale, offset, dims = this.#input().dims } = this.#config;
    const data = given.map((value) => value * scale + offset);
    const fixed = dims.reduce((product, size) => (size > 0 ? product * size : product), 1);
    const free = dims.lastIndexOf(-1);
    const shape = dims.map((size, place) => (size > 0 ? size : place === free ? data.length / fixed : 1));
    if (shape.reduce((product, size) => product * size, 1) === data.length && shape.every(Number.isInteger)) {
      return { type: "float32", dims: shape, data };
    }
    throw this.#error(`an input of ${dims.join("x")}, which ${data.length} values do not fill: change window or dims`);
  }

  #constants(): Record<string, TensorData> {
    return Object.fromEntries(
      Object.entries(this.#config.constants).map(([name, given]) => {
        const values = [given].flat();
        const dims = Array.isArray(given) ? [values.length] : [];
        const whole = this.#model.inputs.find((input) => input.name === name)?.type === "int64";
        if (!whole) return [name, { type: "float32", dims, data: Float32Array.from(values) }];
        return [name, { type: "int64", dims, data: BigInt64Array.from(values, (value) => BigInt(Math.trunc(value))) }];
      }),
    );
  }

  #error(fact: string): Error {
    return new Error(`cannot hear with ${this.#model.about.name}: it has ${fact}`);
  }
}

function joined(rows: readonly Row[]): Row {
  const values = new Float32Array(rows.reduce((sum, row) => sum + row.values.length, 0));
  let at = 0;
  for (const row of rows) {
    values.set(row.values, at);
    at += row.values.length;
  }
  return { values, fromIdx: rows[0]!.fromIdx, toIdx: rows.at(-1)!.toIdx };
}
