declare module "onnxruntime-web/ort-wasm-simd-threaded.mjs" {
  /** Path of the file, inside the executable when compiled. */
  const file: string;
  export default file;
}
