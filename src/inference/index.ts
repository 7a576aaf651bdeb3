export { type InferenceHost, RunInference } from "./inference.ts";
export { exportWay, isFile, modelFile, sha256 } from "./model_file.ts";
export * from "./models/index.ts";
export { type NativeFolder, nativeFolder } from "./native_folder.ts";
export { readOnnx } from "./onnx_file.ts";
export type { ResolvedModel, ResolveModel } from "./resolve.ts";
export { type Trial, tryInference } from "./trial.ts";
