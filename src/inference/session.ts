import type { ModelPort, TensorData } from "../node/index.ts";

/** A model that is loaded in this thread. `run` blocks the thread, whichever backend it is. */
export interface Session {
  readonly backend: "wasm" | "native";
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  run(feeds: Readonly<Record<string, TensorData>>): Promise<ReadonlyMap<string, TensorData>>;
}

export interface SessionOptions {
  readonly threads: number;
}

/** What ONNX Runtime says of an input or output, in both backends. */
export interface RawPort {
  readonly name: string;
  readonly isTensor: boolean;
  /** Its name, or, from the native library, its number in ONNX's list. */
  readonly type?: string | number;
  readonly shape?: readonly (number | string)[];
}

/** A free dimension is a name, or, when it has none, the largest unsigned number or -1. */
const FREE = 0xffff_ffff;

export function modelPort({ name, isTensor, type, shape }: RawPort): ModelPort {
  if (!isTensor) return { name, type: "sequence or map", dims: [] };
  const dims = (shape ?? []).map((size) => (typeof size === "number" && size >= 0 && size !== FREE ? size : -1));
  return { name, type: typeof type === "number" ? (TYPES[type] ?? `type ${type}`) : (type ?? "float32"), dims };
}

/** TensorProto.DataType of onnx.proto. */
const TYPES = [
  ...["undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool"],
  ...["float16", "float64", "uint32", "uint64"],
];
