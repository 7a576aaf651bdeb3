import { expect, test } from "bun:test";
import { OnnxGraph } from "../../scripts/models/onnx_writer.ts";
import { inferenceCheck } from "../../src/cli/doctor/inference_check.ts";
import { TRIAL } from "../../src/inference/trial.ts";
import { temporaryFolder } from "../support/folder.ts";

test("the model of the trial is what the project's writer makes of y = x", () => {
  const graph = new OnnxGraph();
  graph.add("Identity", ["x"], {}, "y");
  const port = (name: string) => ({ name, type: "float32" as const, dims: [1] });
  const model = graph.write({ name: "trial", inputs: [port("x")], outputs: [port("y")] });
  expect(Buffer.from(model).toString("base64")).toBe(TRIAL);
});

test("doctor says that WebAssembly runs models, and where a native library would lie", async () => {
  using folder = temporaryFolder();
  expect(await inferenceCheck({ SCHNITZEL_NATIVE: folder.path })).toMatchObject({
    status: "ok",
    detail: expect.stringMatching(
      /^WebAssembly, ready in \d+ ms; there is no native library in .* \(SCHNITZEL_NATIVE\)$/,
    ),
  });
});

test("doctor warns of a library that cannot be loaded, and why", async () => {
  using folder = temporaryFolder();
  await Bun.write(`${folder.path}/onnxruntime_binding.node`, "no library");
  const check = await inferenceCheck({ ORT_NATIVE_DIR: folder.path });
  expect(check).toMatchObject({ status: "warning", hint: expect.stringContaining("or remove it") });
  expect(check.detail).toMatch(/the library in .* \(ORT_NATIVE_DIR\) cannot be used: .*(too short|invalid ELF|image)/);
});
