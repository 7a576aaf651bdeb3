import type { Ffmpeg } from "../node/index.ts";

/** Finds the ffmpeg to use; see `FindFfmpeg` of `src/node/ffmpeg.ts`. */
export async function findFfmpeg(configured?: string): Promise<Ffmpeg> {
  const file = configured ?? process.env.SCHNITZEL_FFMPEG ?? Bun.which("ffmpeg");
  if (file == null) throw new Error("cannot find ffmpeg: it is neither named by SCHNITZEL_FFMPEG nor on PATH");
  const text = Bun.spawnSync([file, "-version"]).stdout.toString().split("\n")[0] ?? "";
  const [, major = "0", minor = "0"] = /version \D*(\d+)\.(\d+)/.exec(text) ?? [];
  return { file, version: { major: Number(major), minor: Number(minor), text }, from: "PATH", can: () => true };
}
