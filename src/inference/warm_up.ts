import type { ModelPort, TensorData } from "../node/index.ts";
import type { Session } from "./session.ts";

/** After the second run the engine has compiled what it will; the first takes up to twice as long as later ones. */
const RUNS = 2;
const ARRAYS = { float32: Float32Array, uint8: Uint8Array, int32: Int32Array, int64: BigInt64Array } as const;

/**
 * Runs a model on zeros, so that the first frame does not wait. Only where its sizes are fixed (a free batch counts as
 * one): what else it would accept is not known. A model may refuse zeros; what is wrong then, the first request tells.
 */
export async function warmUp(session: Session): Promise<void> {
  const feeds = Object.fromEntries(session.inputs.map((port) => [port.name, zeros(port)] as const));
  if (Object.values(feeds).some((each) => each === undefined)) return;
  try {
    for (let i = 0; i < RUNS; i++) await session.run(feeds as Record<string, TensorData>);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
  }
}

function zeros({ type, dims: own }: ModelPort): TensorData | undefined {
  const dims = own.map((size, i) => (i === 0 && size < 0 ? 1 : size));
  if (!(type in ARRAYS) || dims.some((size) => size < 0)) return undefined;
  const length = dims.reduce((product, size) => product * size, 1);
  return { type: type as "float32", dims, data: new ARRAYS[type as "float32"](length) };
}
