import * as path from "node:path";
import type { Asset } from "./asset.ts";

const NAME = "ort-wasm-simd-threaded.wasm";
const FILE = `node_modules/onnxruntime-web/dist/${NAME}`;

/** What runs models where no native library does: 14 MB, 2.5 MB of the binary. */
export const onnxruntime: Asset = {
  name: NAME,
  what: "ONNX Runtime for WebAssembly (onnxruntime-web)",
  license: "MIT",
  source: "https://github.com/microsoft/onnxruntime",
  lacking: "what runs models",
  zstd: true,
  inputs: [FILE, "scripts/assets/onnxruntime.ts"],
  make: () => Bun.file(path.resolve(import.meta.dir, "../..", FILE)).bytes(),
};
