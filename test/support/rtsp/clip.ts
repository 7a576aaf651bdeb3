import * as fs from "node:fs";
import * as path from "node:path";
import type { Clip } from "../rtsp_server.ts";

export interface ClipOptions {
  codec?: Clip["codec"];
  size?: string;
  fps?: number;
  seconds?: number;
  /** Pictures from one key frame to the next. */
  gop?: number;
  /** ffmpeg's source of pictures; with options, a colon at the end. */
  source?: string;
}

/** Makes a clip that the server can play, with the ffmpeg on PATH, which must have x264 (Debian's has). */
export function makeClip(folder: string, name: string, options: ClipOptions = {}): Clip {
  const { codec = "h264", size = "320x180", fps = 25, seconds = 2, gop = fps, source = "testsrc2" } = options;
  const file = path.join(folder, `${name}.${codec}`);
  const encoder =
    codec === "h264"
      ? ["-c:v", "libx264", "-bf", "0", "-x264-params", `keyint=${gop}:min-keyint=${gop}:scenecut=0:aud=1`]
      : ["-c:v", "libx265", "-x265-params", `keyint=${gop}:min-keyint=${gop}:bframes=0:aud=1:log-level=none`];
  const made = Bun.spawnSync([
    ...[
      "ffmpeg",
      "-v",
      "error",
      "-nostdin",
      "-y",
      "-f",
      "lavfi",
      "-i",
      `${source}${source.endsWith(":") ? "" : "="}s=${size}:r=${fps}:d=${seconds}`,
    ],
    ...[...encoder, "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-f", codec === "h264" ? "h264" : "hevc", file],
  ]);
  if (!made.success || !fs.existsSync(file)) throw new Error(`cannot make the clip ${name}: ${made.stderr}`);
  return { file, codec, fps };
}
