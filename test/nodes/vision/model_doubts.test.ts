import { expect, test } from "bun:test";
import * as v from "valibot";
import { detector } from "../../../src/nodes/vision/detector.ts";

const doubts = (config: object) => detector.check(v.parse(detector.config, config));

test("detector warns of a class that a model of the list does not know", () => {
  expect(doubts({ model: "coco_small", classes: ["person", "persn", 3], class_confidence: { bycicle: 0.5 } })).toEqual([
    {
      path: ["classes", 1],
      message: 'names a class that coco_small does not know: "persn"',
      hint: 'did you mean "person"?',
      severity: "warning",
    },
    expect.objectContaining({ path: ["class_confidence", "bycicle"], hint: 'did you mean "bicycle"?' }),
  ]);
});

test.each([
  ["classes by number", { model: "coco_small", classes: [0], class_confidence: { "0": 0.5 } }],
  ["classes that the graph names", { model: "coco_small", classes: ["persn"], class_names: ["persn"] }],
  ["classes of a model of one's own", { model: "forklift.onnx", classes: ["persn"] }],
])("detector does not doubt %s", (_name, config) => {
  expect(doubts(config)).toEqual([]);
});

test("detector says how a model of another format becomes one it reads", () => {
  expect(doubts({ model: "models/best.pt" })).toEqual([
    {
      path: ["model"],
      message: "is no ONNX file, and no other is read",
      hint: "models are ONNX files (.onnx); make one with: yolo export model=best.pt format=onnx",
      severity: "warning",
    },
  ]);
});
