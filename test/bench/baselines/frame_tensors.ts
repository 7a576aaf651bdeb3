/** Decodes a video with the project's decoder, scaled to 640x640 by ffmpeg, and makes a CHW float tensor of each frame. */
import { spawnChild } from "../../../src/cli/spawn_child.ts";
import { findFfmpeg, openDecoder } from "../../../src/media/index.ts";

const [file = ""] = process.argv.slice(2);
const SIDE = 640;
const spec = {
  input: ["-i", file],
  name: file,
  format: "gbrp",
  frames: 16,
  live: false,
  changes: { size: { width: SIDE, height: SIDE, fit: "stretch" } },
} as const;
const decoder = await openDecoder({ spawn: spawnChild, ffmpeg: findFfmpeg }, spec, new AbortController().signal);
const tensor = new Float32Array(3 * SIDE * SIDE);
const parts = new Float32Array(256).map((_, value) => value / 255);
let frames = 0;
for await (const { slot } of decoder.frames()) {
  // Planes come as green, blue, red.
  for (const [to, from] of [2, 0, 1].entries()) {
    const plane = slot.data.subarray(from * SIDE * SIDE, (from + 1) * SIDE * SIDE);
    const start = to * SIDE * SIDE;
    for (let at = 0; at < plane.length; at++) tensor[start + at] = parts[plane[at]!]!;
  }
  slot.release();
  frames += 1;
}
await decoder.close();
console.log(frames);
