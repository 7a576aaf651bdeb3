import type { BoxOutput, FrameInput } from "../../node/index.ts";
import { COCO_CLASSES } from "./coco_classes.ts";

/** A model that schnitzel knows: where it comes from, its exact bytes, and how it is used. */
export interface CatalogueEntry {
  readonly name: string;
  /** One line for `schnitzel models ls`. */
  readonly what: string;
  readonly bytes: number;
  /** Of the file, 64 hex digits. Nothing else is ever taken for this model. */
  readonly sha256: string;
  /** SPDX, as whoever publishes the file says. */
  readonly license: string;
  /** Page of the project it comes from. */
  readonly source: string;
  /** The file itself, of one commit; left out where the binary carries it. */
  readonly url?: string;
  readonly input?: FrameInput;
  readonly output?: Omit<BoxOutput, "classes">;
  readonly classes?: readonly string[];
}

const FRAME: FrameInput = {
  ...{ fit: "letterbox", width: 0, height: 0, channels: "rgb", layout: "nchw", dtype: "float32" },
  ...{ scale: 1, mean: [0, 0, 0], std: [1, 1, 1], fill: 114, pad: "corner" },
};

const BOXES = { class_confidence: {}, agnostic: false, max_detections: 300 } as const;

const yolox = (confidence: number) => ({ ...BOXES, family: "yolox" as const, confidence, iou: 0.45 });

/** Sorted by what they find; every hash was computed from the file, or stands in its publisher's own record. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    name: "face_tiny",
    what: "faces near the camera; small and fast, 416",
    bytes: 778_346,
    sha256: "7b1de4f1d67aed1e74a1d5e01da2ef7397c59fb56c5b2533fd1d8c0fed7b1380",
    license: "MIT",
    source: "https://github.com/vladmandic/face-api",
    // Its package shows it photos in the top left corner of black.
    input: { ...FRAME, scale: 1 / 255, fill: 0 },
    output: { ...BOXES, family: "yolov8", confidence: 0.5, iou: 0.4 },
    classes: ["face"],
  },
  {
    name: "coco_small",
    what: "persons and 79 other kinds of objects; any size in steps of 32, usually 512",
    bytes: 4_177_580,
    sha256: "55b59122abf55698b0fb31b3f8dbfede1ae76302c02d02b5923749c30d1a6848",
    license: "MIT",
    source: "https://github.com/vladmandic/human",
    input: { ...FRAME, width: 512, height: 512 },
    output: { ...BOXES, family: "centernet", confidence: 0.3, iou: 0.5 },
    classes: COCO_CLASSES,
  },
  {
    name: "silero_vad",
    what: "speech in 16 kHz audio",
    bytes: 2_327_524,
    sha256: "2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f",
    license: "MIT",
    source: "https://github.com/snakers4/silero-vad",
  },
  {
    name: "yolox_nano",
    what: "persons and 79 other kinds of objects; at least twice as fast as coco_small, 416",
    bytes: 3_660_092,
    sha256: "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
    license: "Apache-2.0",
    source: "https://github.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample",
    url: "https://github.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample/raw/3d4f1119d0694200671c08069ecb847aa0d8495a/model/yolox_nano.onnx",
    input: { ...FRAME, channels: "bgr" },
    output: yolox(0.3),
    classes: COCO_CLASSES,
  },
  {
    name: "yolox_s",
    what: "persons and 79 other kinds of objects; the most exact here, 25 times the work of yolox_nano, 640",
    bytes: 35_858_002,
    sha256: "c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
    license: "Apache-2.0",
    source: "https://github.com/opencv/opencv_zoo",
    url: "https://github.com/opencv/opencv_zoo/raw/c79d9191ff792df933d348bd1c4de05edf77ddf9/models/object_detection_yolox/object_detection_yolox_2022nov.onnx",
    input: FRAME,
    output: yolox(0.5),
    classes: COCO_CLASSES,
  },
  {
    name: "rfb320_faces",
    what: "faces; many and small ones, 320x240",
    bytes: 1_270_727,
    sha256: "34cd7e60aeff28744c657de7a3dc64e872d506741de66987f3426f2b79f88017",
    license: "MIT",
    source: "https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB",
    url: "https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB/raw/dffdddda9794a50607cba8f318507a28c1c27cab/models/onnx/version-RFB-320.onnx",
    input: { ...FRAME, fit: "stretch", mean: [127, 127, 127], std: [128, 128, 128] },
    output: { ...BOXES, family: "rfb", confidence: 0.7, iou: 0.3 },
    classes: ["face"],
  },
];

export const catalogued = (name: string): CatalogueEntry | undefined => CATALOGUE.find((entry) => entry.name === name);

/** The entry whose bytes these are, whatever the file is called. */
export const cataloguedBytes = (sha256: string): CatalogueEntry | undefined =>
  CATALOGUE.find((entry) => entry.sha256 === sha256);
