import * as fs from "node:fs";
import * as path from "node:path";

/** The library itself lies beside it, `libonnxruntime.so.1` or as the system calls it. */
export const BINDING = "onnxruntime_binding.node";

/** Where the native library may lie, and whether it does. */
export interface NativeFolder {
  readonly folder: string;
  /** Which rule names the folder. */
  readonly from: string;
  readonly found: boolean;
}

/** `SCHNITZEL_NATIVE`, else `ORT_NATIVE_DIR`, else `native` beside the executable, else where install.sh puts it. */
export function nativeFolder(env: NodeJS.ProcessEnv = process.env, executable = process.execPath): NativeFolder {
  for (const from of ["SCHNITZEL_NATIVE", "ORT_NATIVE_DIR"]) {
    const folder = env[from];
    if (folder) return { folder, from, found: isThere(folder) };
  }
  const beside = path.join(path.dirname(executable), "native");
  const installed = path.join(path.dirname(executable), "../lib/schnitzel/native");
  if (!isThere(beside) && isThere(installed))
    return { folder: installed, from: "where install.sh puts it", found: true };
  return { folder: beside, from: "beside the binary", found: isThere(beside) };
}

const isThere = (folder: string) => fs.existsSync(path.join(folder, BINDING));
