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
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** A free dimension is a name, or, when it has none, the largest unsigned number or -1. */
const FREE = 0xffff_ffff;

export function modelPort({ name, isTensor, type, shape }: RawPort): ModelPort {
  if (!isTensor) return { name, type: "sequence or map", dims: [] };
  const dims = (shape ?? []).map((size) => (typeof size === "number" && size >= 0 && size !== FREE ? size : -1));
  return { name, type: type ?? "float32", dims };
}
