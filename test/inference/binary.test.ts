import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { nativeLibrary } from "../../scripts/native.ts";
import { hostTarget } from "../../scripts/targets.ts";
import { binary, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { meanColorModel } from "../support/onnx_models.ts";
import { needs } from "../support/part.ts";

/** A grey picture of 32 x 32 without boxes has one colour: what the model says of it is known. */
const GRAPH = `
version: 2
name: colours
nodes:
  - { id: camera, plugin: video_test_source, config: { width: 32, height: 32, boxes: 0, max_frames: 20 } }
  - id: model
    plugin: onnx_model
    config: { model: mean_color.onnx }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl } }
edges:
  - { from: camera, to: model }
  - { from: model, to: out }
`;

interface Ran {
  status: string;
  node_metrics: Record<string, Record<string, number>>;
}

/** Runs the graph in a folder that holds the binary, the graph, the model and nothing else. */
async function ranAlone(folder: string, text: string): Promise<Ran> {
  fs.copyFileSync(binary(), path.join(folder, "schnitzel"));
  await Bun.write(path.join(folder, "graph.yaml"), text);
  await Bun.write(path.join(folder, "mean_color.onnx"), meanColorModel());
  const command = [path.join(folder, "schnitzel"), "run", "graph.yaml", "--report-json", "--state-dir", folder];
  const { stdout, stderr, code } = await runCommand(command, {
    cwd: folder,
    env: { PATH: "/nonexistent", HOME: folder, SCHNITZEL_NATIVE: undefined, ORT_NATIVE_DIR: undefined },
  });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

const lines = (folder: string) => fs.readFileSync(path.join(folder, "out.jsonl"), "utf8").trim().split("\n");

test("the binary alone in an empty folder runs a model by WebAssembly", async () => {
  using folder = temporaryFolder();
  const { status, node_metrics } = await ranAlone(folder.path, GRAPH);
  expect(status).toBe("ok");
  expect(node_metrics.model).toMatchObject({
    inference_requests_total: 20,
    inference_native: 0,
    inference_failed_total: 0,
  });
  expect(lines(folder.path)).toHaveLength(20);
}, 30_000);

needs("native_library")(
  "with the folder native beside it the binary takes that by itself, with the same results",
  async () => {
    using plain = temporaryFolder();
    using fast = temporaryFolder();
    fs.cpSync(await nativeLibrary(hostTarget()), path.join(fast.path, "native"), { recursive: true });
    await ranAlone(plain.path, GRAPH);
    const { node_metrics } = await ranAlone(fast.path, GRAPH);
    expect(node_metrics.model).toMatchObject({ inference_requests_total: 20, inference_native: 1 });
    const outputs = (folder: string) =>
      lines(folder).map((line) => JSON.parse(line).payload.tensors.output.data as number[]);
    const [one, other] = [outputs(plain.path), outputs(fast.path)];
    expect(one.map((each) => each.length)).toEqual(Array(20).fill(3));
    for (const [i, colours] of one.entries()) {
      for (const [c, value] of colours.entries()) expect(other[i]![c]).toBeCloseTo(value, 5);
    }
  },
  60_000,
);

test("doctor of the binary alone tries a model", async () => {
  using folder = temporaryFolder();
  fs.copyFileSync(binary(), path.join(folder.path, "schnitzel"));
  const { stdout } = await runCommand([path.join(folder.path, "schnitzel"), "doctor", "--json"], {
    cwd: folder.path,
    env: { SCHNITZEL_NATIVE: undefined, ORT_NATIVE_DIR: undefined },
  });
  const check = JSON.parse(stdout).checks.find(({ name }: { name: string }) => name === "inference");
  expect(check).toMatchObject({
    status: "ok",
    detail: expect.stringMatching(/^WebAssembly, .*native \(beside the binary\)/),
  });
}, 30_000);
