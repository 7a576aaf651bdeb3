import type { NativeFolder, Trial } from "../../inference/index.ts";
import type { Check } from "./checks.ts";

const name = "inference";

/** What runs models on this machine, and why; the smallest one is run. */
export async function inferenceCheck(env: NodeJS.ProcessEnv): Promise<Check> {
  const { nativeFolder, tryInference } = await import("../../inference/index.ts");
  const native = nativeFolder(env);
  try {
    return judged(await tryInference(native), native);
  } catch (error) {
    return { name, status: "fault", detail: `no model can be run: ${(error as Error).message}` };
  }
}

/** A `note` is there only when the library is. */
function judged({ backend, note, tookMs }: Trial, { folder, from }: NativeFolder): Check {
  const took = `ready in ${Math.round(tookMs)} ms`;
  if (backend === "native") return { name, status: "ok", detail: `native library, ${folder} (${from}), ${took}` };
  if (note === undefined) {
    return { name, status: "ok", detail: `WebAssembly, ${took}; there is no native library in ${folder} (${from})` };
  }
  const hint = "take the folder native of the archive for this system, or remove it";
  return {
    name,
    status: "warning",
    detail: `WebAssembly, ${took}; the library in ${folder} (${from}) cannot be used: ${note}`,
    hint,
  };
}
