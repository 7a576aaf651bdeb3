import * as fs from "node:fs";
import * as path from "node:path";

/** Runs ffmpeg and gives its stdout; throws with its words when it fails. */
export function ffmpeg(...args: readonly string[]): Uint8Array {
  const { success, stdout, stderr } = Bun.spawnSync(["ffmpeg", "-v", "error", "-nostdin", "-y", ...args]);
  if (!success) throw new Error(`ffmpeg ${args.join(" ")}: ${stderr}`);
  return stdout;
}

const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];

export interface ClipOptions {
  size?: string;
  fps?: number | string;
  frames?: number;
  /** Instead of H.264. */
  codec?: readonly string[];
  filter?: string;
  /** Time of the first picture. */
  startSec?: number;
}

/** Writes a clip of ffmpeg's moving test picture and gives its path. The name's ending says the container. */
export function makeClip(folder: string, name: string, options: ClipOptions = {}): string {
  const { size = "64x48", fps = 10, frames = 30, codec = H264, filter, startSec = 0 } = options;
  const file = path.join(folder, name);
  const source = `testsrc2=size=${size}:rate=${fps}`;
  ffmpeg(
    ...["-f", "lavfi", "-i", filter === undefined ? source : `${source},${filter}`, "-frames:v", String(frames)],
    ...[...codec, "-fps_mode", "passthrough", "-enc_time_base", "1:90000"],
    ...["-output_ts_offset", String(startSec), file],
  );
  return file;
}

/** Marks an MP4 as recorded upside down or on its side, as phones do: the matrix of its track is rewritten. */
export function turnClip(file: string, degrees: 90 | 180 | 270): void {
  const bytes = fs.readFileSync(file);
  const header = bytes.indexOf("tkhd");
  const one = 0x10000;
  const [a, b] = { 90: [0, one], 180: [-one, 0], 270: [0, -one] }[degrees] as [number, number];
  // Version 0 of the box: 40 bytes of fields, then the matrix a b u / c d v / x y w.
  const matrix = header + 4 + 40;
  for (const [at, value] of [a, b, 0, -b, a].entries()) bytes.writeInt32BE(value, matrix + at * 4);
  fs.writeFileSync(file, bytes);
}
