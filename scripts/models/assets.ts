import * as path from "node:path";
import type { Asset } from "../assets/asset.ts";
import { makeCocoSmall } from "./coco_small.ts";
import { makeFaceTiny } from "./face_tiny.ts";
import { modelLicenses } from "./licenses.ts";

const ROOT = path.resolve(import.meta.dir, "../..");
const WRITER = [
  "src/inference/protobuf_writer.ts",
  ...["onnx_writer.ts", "tfjs_weights.ts", "assets.ts"].map((file) => `scripts/models/${file}`),
];
const SILERO = "node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx";

/** What every binary can detect without a download: faces, objects, speech. 5 MB of the binary. */
export const MODEL_ASSETS: readonly Asset[] = [
  {
    name: "face_tiny.onnx",
    what: "Model face_tiny: tiny face detector of @vladmandic/face-api, converted to ONNX",
    license: "MIT",
    source: "https://github.com/vladmandic/face-api",
    lacking: "the model face_tiny",
    zstd: true,
    inputs: [
      ...["-weights_manifest.json", ".bin"].map(
        (end) => `node_modules/@vladmandic/face-api/model/tiny_face_detector_model${end}`,
      ),
      ...WRITER,
      "scripts/models/face_tiny.ts",
    ],
    make: () => makeFaceTiny(),
  },
  {
    name: "coco_small.onnx",
    what: "Model coco_small: CenterNet (MobileNetV3) of @vladmandic/human, converted to ONNX",
    license: "MIT",
    source: "https://github.com/610265158/mobilenetv3_centernet",
    lacking: "the model coco_small",
    zstd: true,
    inputs: [
      ...["json", "bin"].map((end) => `node_modules/@vladmandic/human/models/centernet.${end}`),
      ...WRITER,
      "scripts/models/tfjs_graph.ts",
      "scripts/models/coco_small.ts",
      "src/inference/models/coco_classes.ts",
    ],
    make: () => makeCocoSmall(),
  },
  {
    name: "silero_vad.onnx",
    what: "Model silero_vad: Silero VAD 5, as @ricky0123/vad-web has it",
    license: "MIT",
    source: "https://github.com/snakers4/silero-vad",
    lacking: "the model silero_vad",
    zstd: true,
    inputs: [SILERO, "scripts/models/assets.ts"],
    make: () => Bun.file(path.join(ROOT, SILERO)).bytes(),
  },
  modelLicenses,
];
