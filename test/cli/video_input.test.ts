import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../support/binary.ts";
import { ffmpeg, makeClip } from "../support/video_clips.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "video-input-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => path.join(folder, name);

const GRAPH = (config: string) => `version: 2
nodes:
  - { id: cam, plugin: video_file, config: { ${config} } }
  - { id: out, plugin: null_sink }
edges: [{ from: cam, to: out }]
`;

/** Runs the binary over a file; whoever hangs is found by the test's own limit. */
async function decode(config: string) {
  const graph = { stdin: GRAPH(config), cwd: folder };
  const { code, stdout, stderr } = await run(["run", "-", "--report-json"], graph);
  const report = JSON.parse(stdout || "{}");
  return {
    code,
    stderr,
    status: report.status,
    error: report.error as string | null,
    frames: report.metrics?.["node.cam.frames_total"],
  };
}

const clip = makeClip(folder, "clip.mp4");
fs.writeFileSync(at("empty.mp4"), "");
fs.writeFileSync(at("text.mp4"), "This is no video.\n");
fs.writeFileSync(at("cut.mp4"), fs.readFileSync(clip).subarray(0, 2_500));
fs.mkdirSync(at("folder.mp4"));
ffmpeg("-f", "lavfi", "-i", "sine=duration=1", at("sound.wav"));
ffmpeg(
  "-f",
  "lavfi",
  "-i",
  "color=size=16000x16000:rate=1",
  "-frames:v",
  "1",
  "-c:v",
  "mjpeg",
  "-pix_fmt",
  "yuvj420p",
  at("huge.avi"),
);

describe("a file that cannot be decoded ends the run with code 1 and says why:", () => {
  test.each([
    [
      "one that is not there",
      "path: none.mp4",
      "cannot decode none.mp4: ffmpeg ended with code 1: ",
      "No such file or directory",
    ],
    ["an empty one", "path: empty.mp4", "cannot decode empty.mp4: it is no video, or damaged", "Invalid data"],
    ["text", "path: text.mp4", "cannot decode text.mp4: it is no video, or damaged", "Invalid data"],
    [
      "an mp4 without its index",
      "path: cut.mp4",
      "cannot decode cut.mp4: it is cut off: its index",
      "moov atom not found",
    ],
    ["a folder", "path: folder.mp4", "cannot decode folder.mp4: ", "Is a directory"],
    ["sound alone", "path: sound.wav", "cannot decode sound.wav: it has no video stream, only sound", ""],
    [
      "a part behind the end",
      "path: clip.mp4, start_sec: 60",
      "there is no picture in it, or none in the part that was asked for",
      "",
    ],
    [
      "pictures of 16k × 16k",
      "path: huge.avi",
      "a picture of 16000x16000 has 256000000 pixels, and the bound is 33554432 (8K)",
      "",
    ],
    [
      "pictures made larger than that",
      "path: clip.mp4, width: 16384, height: 16384",
      "a picture of 16384x16384 has 268435456 pixels",
      "",
    ],
    [
      "a part of the picture that lies outside",
      "path: clip.mp4, crop: { x: 60, y: 0, width: 30, height: 10 }",
      "cannot decode clip.mp4: ",
      "crop takes 30x10 at 60,0, and its pictures have 64x48",
    ],
  ])("%s", async (_what, config, reason, words) => {
    const { code, status, error, stderr } = await decode(config);
    expect({ code, status }).toEqual({ code: 1, status: "error" });
    expect(error).toStartWith('source "cam" failed: ');
    expect(error).toContain(reason);
    expect(stderr).toContain(words);
  });
});

describe("a file that is unusual is decoded whole:", () => {
  test("240 pictures a second", async () => {
    makeClip(folder, "fast.mp4", { fps: 240, frames: 240 });
    expect(await decode("path: fast.mp4")).toMatchObject({ code: 0, status: "ok", frames: 240 });
  });

  test("no rate at all", async () => {
    // ffmpeg takes 0:0 of this format for unknown.
    const picture = `FRAME\n${"x".repeat(16 * 16)}`;
    fs.writeFileSync(at("rateless.y4m"), `YUV4MPEG2 W16 H16 F0:0 Cmono\n${picture.repeat(3)}`);
    expect(await decode("path: rateless.y4m")).toMatchObject({ code: 0, status: "ok", frames: 3 });
  });

  test.each(["bgr24", "yuv420p", "nv12"])("odd sides, as %s", async (format) => {
    makeClip(folder, "odd.mkv", { size: "33x17", codec: ["-c:v", "ffv1"] });
    expect(await decode(`path: odd.mkv, format: ${format}`)).toMatchObject({ code: 0, status: "ok", frames: 30 });
  });

  test("pictures that change their size", async () => {
    const parts = [makeClip(folder, "a.ts"), makeClip(folder, "b.ts", { size: "128x96", startSec: 3 })];
    fs.writeFileSync(at("changing.ts"), Buffer.concat(parts.map((part) => fs.readFileSync(part))));
    expect(await decode("path: changing.ts")).toMatchObject({ code: 0, status: "ok", frames: 60 });
  });

  test("one key frame in a thousand, also from the middle on", async () => {
    makeClip(folder, "long.mp4", {
      frames: 1_000,
      fps: 25,
      codec: ["-c:v", "libx264", "-preset", "ultrafast", "-g", "1000", "-pix_fmt", "yuv420p"],
    });
    expect(await decode("path: long.mp4")).toMatchObject({ code: 0, frames: 1_000 });
    expect(await decode("path: long.mp4, start_sec: 39")).toMatchObject({ code: 0, frames: 25 });
  });

  test("a name that looks like an option", async () => {
    fs.copyFileSync(clip, at("-i concat:x.mp4"));
    expect(await decode('path: "-i concat:x.mp4"')).toMatchObject({ code: 0, frames: 30 });
  });
});

test("a video that is damaged in the middle gives what can be decoded, and a warning", async () => {
  const bytes = fs.readFileSync(makeClip(folder, "damaged.mkv", { frames: 100 }));
  bytes.fill(0x55, Math.floor(bytes.length * 0.4), Math.floor(bytes.length * 0.6));
  fs.writeFileSync(at("damaged.mkv"), bytes);
  const { code, frames, stderr } = await decode("path: damaged.mkv");
  expect(code).toBe(0);
  expect(frames).toBeGreaterThan(20);
  expect(stderr).toContain("the video is damaged");
});

test("validate --strict says that a video is not there", async () => {
  const { code, stderr } = await run(["validate", "-", "--strict"], { stdin: GRAPH("path: none.mp4"), cwd: folder });
  expect(code).toBe(2);
  expect(stderr).toContain("none.mp4");
});

test("no ffmpeg is left when the run is stopped in the middle", async () => {
  const graph = GRAPH(`path: ${clip}, loop: true, pace: real_time`);
  const { code } = await run(["run", "-", "--max-seconds", "1"], { stdin: graph, cwd: folder });
  expect(code).toBe(0);
  const left = Bun.spawnSync(["pgrep", "-f", `-i file:${clip}`]).stdout.toString();
  expect(left).toBe("");
});
