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

for (const [what, config, says] of [
  ["of another size", { width: 640 }, /so width must be 32 or 0, got 640/],
  ["in another order", { layout: "nhwc" }, /frames become 3 x … as nhwc: set channels or layout/],
] as const) {
  test(`detector does not open when its frames would be ${what} than the model takes`, async () => {
    await using host = inference({ models: MODELS });
    const options = { model: "colors.onnx", backend: "wasm", family: "yolov8", input: config };
    const context = { ...testContext(), inference: host.run };
    const node = detector.create(v.parse(detector.config, options), context) as NodeInstance;
    expect(await Promise.resolve(node.open!()).then(() => "no failure", String)).toMatch(says);
    await node.close!();
  });
}

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
