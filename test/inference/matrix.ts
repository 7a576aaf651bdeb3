import { OnnxGraph } from "../../scripts/models/onnx_writer.ts";
import type { TensorData } from "../../src/node/index.ts";

/** x · x, of any size: large ones take seconds. */
export function squareModel(): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  graph.add("MatMul", ["x", "x"], {}, "y");
  const dims = ["rows", "columns"];
  const port = (name: string) => ({ name, type: "float32" as const, dims });
  return graph.write({ name: "square", inputs: [port("x")], outputs: [port("y")] });
}

/** Of ones: every number of its square is `size`. */
export const matrix = (size: number): Record<string, TensorData> => ({
  x: { type: "float32", dims: [size, size], data: new Float32Array(size * size).fill(1) },
});
