import * as v from "valibot";
import { didYouMean } from "../../base/suggest.ts";
import type { BoxOutput, FrameInput, Model } from "../../node/index.ts";
import { frameInput, inputConfig, modelConfig, USUAL_INPUT } from "./model_config.ts";

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const classKey = v.union([v.pipe(v.number(), v.integer(), v.minValue(0)), v.pipe(v.string(), v.minLength(1))]);

export const FAMILIES = ["yolov5", "yolov8", "yolox", "ssd", "rfb", "centernet"] as const;

export const detectorConfig = v.strictObject({
  ...modelConfig,
  family: v.pipe(
    v.optional(v.picklist(FAMILIES)),
    v.description("How the outputs are read; `yolov8` is also YOLO11. Left out: as the catalogue says of the model."),
  ),
  confidence: v.pipe(v.optional(share), v.description("Weaker boxes are dropped. Default: the model's, or 0.25.")),
  class_confidence: v.pipe(
    v.optional(v.record(v.string(), share), {}),
    v.description("Another bound for single classes, by name or number: `{ person: 0.5 }`."),
  ),
  iou: v.pipe(
    v.optional(share),
    v.description("Of two boxes that overlap by this share the weaker one goes. Default: the model's, or 0.45."),
  ),
  agnostic: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Boxes of different classes suppress each other too."),
  ),
  classes: v.pipe(v.optional(v.array(classKey), []), v.description("Only these, by name or number; empty: all.")),
  class_names: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.minLength(1)))),
    v.description("Names by class number, where the model carries none."),
  ),
  max_detections: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), 100),
    v.description("The strongest boxes of a frame that are kept."),
  ),
  input: inputConfig,
  round: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Corners as whole pixels, halves to the even one, as the predecessor's."),
  ),
});

export type DetectorConfig = v.InferOutput<typeof detectorConfig>;

/** How each family's inputs usually look. */
const FAMILY_INPUT: Record<BoxOutput["family"], FrameInput> = {
  yolov5: USUAL_INPUT,
  yolov8: USUAL_INPUT,
  // Trained on OpenCV's pictures as they are.
  yolox: { ...USUAL_INPUT, channels: "bgr", scale: 1, pad: "corner" },
  ssd: { ...USUAL_INPUT, fit: "stretch", scale: 1, mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  rfb: { ...USUAL_INPUT, fit: "stretch", scale: 1, mean: [127, 127, 127], std: [128, 128, 128] },
  centernet: { ...USUAL_INPUT, fit: "stretch" },
};

export interface Detection {
  input: FrameInput;
  output: BoxOutput;
  /** Name of a class number. */
  name(id: number): string;
}

/** What a config asks of an open model. Throws an Error that names the key that does not fit the model. */
export function detectionFor(config: DetectorConfig, model: Model): Detection {
  const usual = model.usual.output;
  const family = config.family ?? usual?.family;
  if (family === undefined) {
    throw new Error(
      `cannot read boxes from ${model.about.name}: its family is not known; set family to one of ${FAMILIES.join(", ")}`,
    );
  }
  const names = config.class_names ?? model.classes;
  // Names from the config may leave out classes that the model has.
  const count = config.class_names === undefined && names.length > 0 ? names.length : Number.POSITIVE_INFINITY;
  const id = (key: string | number) => checkedId(classId(key, names, model.about.name), count, names, model.about.name);
  const limits = Object.entries(config.class_confidence).map(([key, least]) => [id(key), least]);
  const knownInput = config.family === undefined || config.family === usual?.family ? model.usual.input : undefined;
  return {
    input: frameInput(config.input, knownInput ?? FAMILY_INPUT[family]),
    output: {
      family,
      confidence: config.confidence ?? usual?.confidence ?? 0.25,
      class_confidence: Object.fromEntries(limits),
      iou: config.iou ?? usual?.iou ?? 0.45,
      agnostic: config.agnostic,
      classes: config.classes.map(id),
      max_detections: config.max_detections,
    },
    name: (number) => names[number] ?? String(number),
  };
}

function classId(key: string | number, names: readonly string[], model: string): number {
  if (typeof key === "number") return key;
  const at = names.indexOf(key);
  if (at >= 0) return at;
  if (/^\d+$/.test(key)) return Number(key);
  const near = didYouMean(key, names);
  const known = names.length === 0 ? "it carries no names: use numbers, or give class_names" : `it has ${few(names)}`;
  throw new Error(`${model} has no class "${key}"; ${near === undefined ? known : `did you mean "${near}"?`}`);
}

/** A class that the model has not is never found, and nobody would know why. */
function checkedId(id: number, count: number, names: readonly string[], model: string): number {
  if (id < count) return id;
  throw new Error(`${model} has no class ${id}; its classes are 0 to ${count - 1}: ${few(names)}`);
}

const few = (names: readonly string[]) => names.slice(0, 10).join(", ") + (names.length > 10 ? ", …" : "");
