import { NativeAbsent, openNative } from "./native_session.ts";
import type { Session } from "./session.ts";
import { openWasm } from "./wasm_session.ts";
import type { LoadCall } from "./worker_messages.ts";

/** Opens a model by the native library where that is wanted and can be loaded, else by WebAssembly. */
export async function load(call: LoadCall): Promise<{ session: Session; note?: string }> {
  const { model, native, nativeOnly } = call;
  if (native === undefined) return { session: await openWasm(model, call) };
  try {
    return { session: openNative(native, model, call) };
  } catch (error) {
    // A model that the library refuses WebAssembly refuses too, as both are of one version.
    if (nativeOnly || !(error instanceof NativeAbsent)) throw error;
    return { session: await openWasm(model, call), note: error.message };
  }
}
