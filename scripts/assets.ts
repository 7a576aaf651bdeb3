/**
 * The files that the build puts into the binary, and `bun scripts/assets.ts`, which lays them into
 * `.toolchain/assets/` for whoever runs schnitzel from source (the build does the same).
 *
 * To add one: a line in `ASSETS`, its maker in `scripts/assets/` or beside; `embeddedFile(name)` of
 * `src/base/embedded.ts` reads it. It is made again only when its `inputs`, its `key` or Bun changes.
 */
import type { Asset, AssetOptions } from "./assets/asset.ts";
import { layForSources } from "./assets/embed.ts";
import { ffmpeg, ffmpegLicense } from "./assets/ffmpeg.ts";
import { packageLicenses } from "./assets/licenses.ts";
import { type Made, makeAssets } from "./assets/make.ts";
import { onnxruntime } from "./assets/onnxruntime.ts";
import { MODEL_ASSETS } from "./models/assets.ts";
import { hostTarget, type Target } from "./targets.ts";

export const ASSETS: readonly Asset[] = [ffmpeg, onnxruntime, ...MODEL_ASSETS, packageLicenses, ffmpegLicense];

/** What the binary of `target` gets; a line on stdout for each asset that cannot be made here. */
export function assetsFor(target: Target, options: AssetOptions): Promise<Made[]> {
  return makeAssets(ASSETS, target, options, (line) => console.log(line));
}

if (import.meta.main) {
  const made = await assetsFor(hostTarget(), {});
  layForSources(made);
  for (const { file, bytes } of made) console.log(`${file} ${(bytes.length / 1e6).toFixed(2)} MB`);
}
