import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import * as v from "valibot";
import type { NodeInstance } from "../../../src/node/index.ts";
import { detector } from "../../../src/nodes/vision/detector.ts";
import { cli } from "../../support/cli.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { inference } from "../../support/inference.ts";
import { testContext } from "../../support/node.ts";
import { meanColorModel } from "../../support/onnx_models.ts";

const MODELS = { "colors.onnx": meanColorModel(32) };

/** What comes of opening a detector with a model of 32 x 32 and the classes red, green and blue. */
const opened = async (config: object) => {
  await using host = inference({ models: MODELS });
  const context = { ...testContext(), inference: host.run };
  const options = v.parse(detector.config, { model: "colors.onnx", backend: "wasm", family: "yolov8", ...config });
  const node = detector.create(options, context) as NodeInstance;
  const outcome = await Promise.resolve(node.open!()).then(() => "opened", String);
  await node.close!();
  return outcome;
};

for (const [what, config, says] of [
  ["of another size", { width: 640 }, /so width must be 32 or 0, got 640/],
  ["in another order", { layout: "nhwc" }, /frames become 3 x … as nhwc: set channels or layout/],
] as const) {
  test(`detector does not open when its frames would be ${what} than the model takes`, async () => {
    expect(await opened({ input: config })).toMatch(says);
  }, 30_000);
}

for (const [config, says] of [
  [{ input: { mean: [0.5] } }, /input\.mean has 1 number, and rgb has 3 channels/],
  [{ input: { std: [1, 1] } }, /input\.std has 2 numbers, and rgb has 3 channels/],
  [{ classes: [3] }, /colors\.onnx has no class 3; its classes are 0 to 2: red, green, blue/],
  [{ class_confidence: { 7: 0.5 } }, /colors\.onnx has no class 7/],
] as const) {
  test(`detector does not open with ${JSON.stringify(config)}`, async () => {
    expect(await opened(config)).toMatch(says);
  }, 30_000);
}

test("detector takes one number for all channels, and numbers of classes that class_names does not name", async () => {
  expect(await opened({ input: { mean: 0.5 }, class_names: ["red"], classes: [0, 2] })).toBe("opened");
}, 30_000);

test("a model's input is not divided by 0", () => {
  for (const std of [0, [1, 0, 1]]) {
    expect(v.safeParse(detector.config, { model: "a", input: { std } }).success).toBe(false);
  }
});

test("validate --strict says where a graph names a model's file that is not there", async () => {
  using folder = temporaryFolder();
  const graph = path.join(folder.path, "yard.yaml");
  fs.writeFileSync(
    graph,
    `version: 2
name: yard
nodes:
  - { id: camera, plugin: video_test_source }
  - { id: look, plugin: detector, config: { model: models/forklift.onnx } }
  - { id: end, plugin: null_sink }
edges:
  - { from: camera, to: look }
  - { from: look, to: end }
`,
  );
  const { code, stderr } = await cli(["validate", graph, "--strict"], { cwd: folder.path });
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /yard\.yaml:5:52 RESOURCE_MISSING[\s\S]*names a file that is not there: .*forklift\.onnx/,
    ),
  });
});
