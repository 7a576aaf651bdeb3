import { chunk, type Field, float, integer, joined } from "../../src/inference/protobuf_writer.ts";

/** Field numbers are those of onnx.proto (the format's schema, which never renumbers). */
const TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type TensorType = keyof typeof TYPES;

/** A constant: weights, a shape, a scalar. `data` are its elements, little endian, the last dimension fastest. */
export interface Constant {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | Float32Array | Float16Array | Int8Array | Int32Array | BigInt64Array;
}

export const floats = (values: readonly number[], dims: readonly number[] = [values.length]): Constant => ({
  type: "float32",
  dims,
  data: Float32Array.from(values),
});

export const integers = (values: readonly number[], dims: readonly number[] = [values.length]): Constant => ({
  type: "int64",
  dims,
  data: BigInt64Array.from(values, BigInt),
});

/** An attribute of a node. A number is an integer; a 32-bit float is written `{ float: 0.1 }`. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** An input or output of the model. A text dimension is free, and called so; null is free and has no name. */
export interface Port {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly (number | string | null)[];
}

export interface ModelText {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Texts about the model, such as `names` for class names. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** 13 has every operator used here in its present form, and onnxruntime has read it since 2020. */
const OPSET = 13;
/** The file format that came with opset 13. */
const IR_VERSION = 7;

/** Gathers the nodes of one model, in the order they are computed, and writes the file. */
export class OnnxGraph {
  readonly #nodes: Field[] = [];
  readonly #constants: Field[] = [];
  #made = 0;

  /** Adds an operator with one output and gives the output's name. */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}, as?: string) {
    return this.addMany(op, inputs, attributes, [as ?? this.#fresh(op)])[0]!;
  }

  addMany(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    outputs: readonly string[],
  ): readonly string[] {
    const written = Object.entries(attributes).map(([name, value]) => chunk(5, attributeFields(name, value)));
    const named = [...inputs.map((name) => chunk(1, name)), ...outputs.map((name) => chunk(2, name))];
    this.#nodes.push(chunk(1, [...named, chunk(3, outputs[0]!), chunk(4, op), ...written]));
    return outputs;
  }

  constant(constant: Constant, as: string = this.#fresh("constant")): string {
    this.#constants.push(chunk(5, constantFields(constant, as)));
    return as;
  }

  /** The file. The same calls give the same bytes. */
  write({ name, inputs, outputs, metadata = {} }: ModelText): Uint8Array<ArrayBuffer> {
    const ports = [
      ...inputs.map((port) => chunk(11, portFields(port))),
      ...outputs.map((p) => chunk(12, portFields(p))),
    ];
    const graph = [...this.#nodes, chunk(2, name), ...this.#constants, ...ports];
    const texts = Object.entries(metadata).map(([key, value]) => chunk(14, [chunk(1, key), chunk(2, value)]));
    const opset = chunk(8, [chunk(1, ""), integer(2, OPSET)]);
    return joined([integer(1, IR_VERSION), chunk(2, "schnitzel"), chunk(7, graph), opset, ...texts]);
  }

  /** Numbered, so no two are alike and a second writing gives the same names. */
  #fresh(what: string): string {
    this.#made += 1;
    return `${what.toLowerCase()}_${this.#made}`;
  }
}

function attributeFields(name: string, value: Attribute): Field[] {
  const typed = (type: number, ...fields: Field[]) => [chunk(1, name), ...fields, integer(20, type)];
  if (typeof value === "number") return typed(2, integer(3, value));
  if (typeof value === "string") return typed(3, chunk(4, value));
  if ("float" in value) return typed(1, float(2, value.float));
  return typed(7, ...value.map((each) => integer(8, each)));
}

function constantFields({ type, dims, data }: Constant, name: string): Field[] {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (data.length !== count) {
    throw new Error(
      `cannot write constant ${name}: its shape [${dims}] has ${count} elements, its data ${data.length}`,
    );
  }
  return [...dims.map((dim) => integer(1, dim)), integer(2, TYPES[type]), chunk(8, name), chunk(9, bytes)];
}

function portFields({ name, type, dims }: Port): Field[] {
  const shape = dims.map((dim) => {
    if (dim === null) return chunk(1, []);
    return chunk(1, [typeof dim === "number" ? integer(1, dim) : chunk(2, dim)]);
  });
  return [chunk(1, name), chunk(2, [chunk(1, [integer(1, TYPES[type]), chunk(2, shape)])])];
}
