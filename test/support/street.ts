import * as fs from "node:fs";
import * as path from "node:path";
import type { Clip } from "./rtsp_server.ts";
import { ffmpeg } from "./video_clips.ts";

const ROOT = path.resolve(import.meta.dir, "../..");

/** Debian's opencv-doc has it; `scripts/test.sh` takes it out of the package where that is not installed. 768×576, 795 pictures. */
export const STREET = [
  "/usr/share/doc/opencv-doc/examples/data/vtest.avi",
  path.join(ROOT, ".toolchain/opencv-doc/vtest.avi"),
].find((file) => fs.existsSync(file));

/** A part of the street for the RTSP server, which plays it again and again. */
export function streetClip(folder: string, name: string, { startSec = 0, seconds = 8 } = {}): Clip {
  const file = path.join(folder, `${name}.h264`);
  ffmpeg(
    ...[
      "-ss",
      String(startSec),
      "-t",
      String(seconds),
      "-i",
      STREET!,
      "-an",
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
    ],
    ...[
      "-bf",
      "0",
      "-x264-params",
      "keyint=10:min-keyint=10:scenecut=0:aud=1",
      "-pix_fmt",
      "yuv420p",
      "-f",
      "h264",
      file,
    ],
  );
  return { file, codec: "h264", fps: 10 };
}
