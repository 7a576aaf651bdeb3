import * as ort from "onnxruntime-web";
import type { TensorData } from "../node/index.ts";

const TYPES: readonly string[] = [
  "float32",
  "int64",
  "int32",
  "uint8",
  "bool",
  "float64",
] satisfies TensorData["type"][];

export const tensorOf = ({ type, data, dims }: TensorData): ort.Tensor => new ort.Tensor(type, data as never, dims);

export function tensorData({ type, dims, data }: ort.Tensor, name: string): TensorData {
  if (!TYPES.includes(type)) {
    throw new Error(`output "${name}" is of type ${type}; read are ${TYPES.join(", ")}`);
  }
  return { type: type as TensorData["type"], dims, data: data as TensorData["data"] };
}
