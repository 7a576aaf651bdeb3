import type { Constant } from "./onnx_writer.ts";

/** One entry of a TensorFlow.js weights manifest. */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale?: number; readonly min?: number };
}

/** The weights of a TensorFlow.js model by name. They lie in `bytes` one after another, in the manifest's order. */
export function readWeights(entries: readonly WeightEntry[], bytes: Uint8Array): ReadonlyMap<string, Constant> {
  let at = 0;
  const weights = entries.map((entry) => {
    const length = entry.shape.reduce((product, dim) => product * dim, WIDTHS[stored(entry)] ?? 0);
    const weight = readWeight(entry, bytes.slice(at, at + length));
    at += length;
    return [entry.name, weight] as const;
  });
  if (at !== bytes.length) throw new Error(`cannot read weights: the manifest asks for ${at} bytes of ${bytes.length}`);
  return new Map(weights);
}

const WIDTHS: Readonly<Record<string, number>> = { uint8: 1, float16: 2, float32: 4, int32: 4 };

const stored = ({ dtype, quantization }: WeightEntry) => quantization?.dtype ?? dtype;

/** Whole numbers become 64 bits wide, as ONNX wants shapes and indices to be. */
function readWeight(entry: WeightEntry, bytes: Uint8Array<ArrayBuffer>): Constant {
  const { name, shape: dims, quantization } = entry;
  const kind = stored(entry);
  if (kind === "float32") return { type: "float32", dims, data: new Float32Array(bytes.buffer) };
  if (kind === "float16") return { type: "float16", dims, data: new Float16Array(bytes.buffer) };
  if (kind === "int32") return { type: "int64", dims, data: BigInt64Array.from(new Int32Array(bytes.buffer), BigInt) };
  const { scale, min } = quantization ?? {};
  if (kind !== "uint8" || scale === undefined || min === undefined) {
    throw new Error(`cannot read weight ${name}: its type ${entry.dtype} stored as ${kind} is not known`);
  }
  return { type: "float32", dims, data: Float32Array.from(bytes, (value) => value * scale + min) };
}

/** The same numbers with the dimensions in another order: result dimension `i` is dimension `order[i]` of `from`. */
export function transposed(from: Constant, order: readonly number[]): Constant {
  const dims = order.map((dim) => from.dims[dim]!);
  const strides = from.dims.map((_, dim) => from.dims.slice(dim + 1).reduce((product, size) => product * size, 1));
  const data = from.data.slice();
  for (let to = 0; to < data.length; to++) {
    let [rest, at] = [to, 0];
    for (let dim = dims.length - 1; dim >= 0; dim--) {
      at += (rest % dims[dim]!) * strides[order[dim]!]!;
      rest = Math.floor(rest / dims[dim]!);
    }
    data[to] = from.data[at]!;
  }
  return { ...from, dims, data };
}
