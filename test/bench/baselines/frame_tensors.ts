/** Decodes a video with the project's decoder, scaled to 640x640 by ffmpeg, and makes a CHW float tensor of each frame. */
import { spawnChild } from "../../../src/cli/spawn_child.ts";
import { Preparer } from "../../../src/inference/pre/prepare.ts";
import { findFfmpeg, openDecoder } from "../../../src/media/index.ts";

const [file = ""] = process.argv.slice(2);
const SIDE = 640;
const spec = {
  input: ["-i", file],
  name: file,
  format: "yuv420p",
  frames: 16,
  live: false,
  changes: { size: { width: SIDE, height: SIDE, fit: "stretch" } },
} as const;
const preparer = new Preparer({
  ...{ port: "images", dtype: "float32", layout: "nchw", channels: "rgb", fit: "stretch", pad: "center", fill: 114 },
  ...{ width: SIDE, height: SIDE, scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
});
const decoder = await openDecoder({ spawn: spawnChild, ffmpeg: findFfmpeg }, spec, new AbortController().signal);
let frames = 0;
for await (const decoded of decoder.frames()) {
  await preparer.prepare(decoder.frame(decoded, frames), 0);
  decoded.slot.release();
  frames += 1;
}
await decoder.close();
console.log(frames);
