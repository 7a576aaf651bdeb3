declare module "onnxruntime-web/ort-wasm-simd-threaded.mjs" {
  /** Path of the file, inside the executable when compiled. */
  const file: string;
  export default file;
}
declare module "onnxruntime-web/ort-wasm-simd-threaded.wasm" {
  const file: string;
  export default file;
}
