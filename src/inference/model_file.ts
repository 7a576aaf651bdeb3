import * as path from "node:path";
import { type Files, isModelFile } from "../node/index.ts";
import type { ResolvedModel } from "./resolve.ts";

/** What export makes an ONNX file of the formats people have. */
const EXPORTS: Readonly<Record<string, string>> = {
  ".pt": "yolo export model=FILE format=onnx",
  ".pth": "torch.onnx.export(…) in Python",
  ".tflite": "python -m tf2onnx.convert --tflite FILE --output model.onnx",
  ".h5": "python -m tf2onnx.convert --keras FILE --output model.onnx",
  ".engine": "the ONNX file it was built from",
};

/** How `model` becomes an ONNX file; undefined for one whose ending does not say that it is something else. */
export const exportWay = (model: string): string | undefined => {
  const way = EXPORTS[path.extname(model).toLowerCase()];
  return way && `models are ONNX files (.onnx); make one with: ${way.replace("FILE", path.basename(model))}`;
};

/** A protobuf message, which an ONNX file is, has no more. */
const MAX_BYTES = 2 ** 31;

/** Whether `model` means a file. */
export const isFile = isModelFile;

/** Reads the ONNX file that a graph names. */
export async function modelFile(model: string, files: Files): Promise<ResolvedModel> {
  const file = files.resolve(model);
  const cannot = (why: string) => new Error(`cannot read model ${model}: ${why}`);
  const way = exportWay(file);
  if (way !== undefined) throw cannot(way);
  if (!files.exists(file)) {
    throw cannot(`there is no file ${file}; paths start at the graph's folder. Known models: schnitzel models ls`);
  }
  const stat = files.stat(file);
  if (stat.isDirectory()) throw cannot(`${file} is a folder`);
  // Reading it might never end.
  if (!stat.isFile()) throw cannot(`${file} is no file but a device, a pipe or a socket`);
  if (stat.size > MAX_BYTES) throw cannot(`it has ${stat.size} bytes, at most ${MAX_BYTES} are read`);
  const bytes = await Bun.file(file)
    .bytes()
    .catch((error: Error) => {
      throw cannot(error.message);
    });
  return { name: path.basename(file), bytes, sha256: await sha256(bytes) };
}

/** Off the main thread; a model may have hundreds of megabytes. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
}
