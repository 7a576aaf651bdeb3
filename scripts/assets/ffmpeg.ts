import * as fs from "node:fs";
import * as path from "node:path";
import { builtFfmpeg, hasRecipe, RECIPE } from "../ffmpeg/build.ts";
import { LICENSES } from "../ffmpeg/compile.ts";
import type { Target } from "../targets.ts";
import type { Asset, AssetOptions } from "./asset.ts";

const shared = {
  license: "LGPL-3.0-or-later",
  zstd: true,
  inputs: [...RECIPE, "scripts/assets/ffmpeg.ts"],
  key: (target: Target, { ffmpeg }: AssetOptions) => (ffmpeg === undefined ? target.name : `file ${hashOf(ffmpeg)}`),
} as const;

/** Found by `src/media/search_ffmpeg.ts` when a machine has none of its own. */
export const ffmpeg: Asset = {
  ...shared,
  name: "ffmpeg",
  what: "ffmpeg, which decodes video and sound; a program of its own, to be replaced by SCHNITZEL_FFMPEG",
  source: "Debian's source packages; the versions are in the licence text below, the recipe is scripts/ffmpeg/",
  lacking: "an ffmpeg inside, and needs one installed",
  when: (target, { slim, ffmpeg }) => !slim && (ffmpeg !== undefined || hasRecipe(target)),
  make: async (target, { ffmpeg }) => fs.readFileSync(ffmpeg ?? path.join(await builtFfmpeg(target), "ffmpeg")),
};

export const ffmpegLicense: Asset = {
  ...shared,
  name: "ffmpeg.license.txt",
  what: "licence texts of ffmpeg, zlib and mbedtls",
  source: "their source packages",
  lacking: "the licence texts of ffmpeg",
  // Whoever hands in another ffmpeg knows its terms, and they are not these.
  when: (target, { slim, ffmpeg }) => !slim && ffmpeg === undefined && hasRecipe(target),
  make: async (target) => Buffer.from(licenseText(await builtFfmpeg(target))),
};

const hashOf = (file: string) => new Bun.CryptoHasher("sha256").update(fs.readFileSync(file)).digest("hex");

const SPDX = { ffmpeg: "LGPL-3.0-or-later", zlib: "Zlib", mbedtls: "Apache-2.0" } as const;

function licenseText(folder: string): string {
  const text = (file: string) => fs.readFileSync(path.join(folder, file), "utf8").trim();
  const versions: Record<string, string> = JSON.parse(text("sources.json"));
  const chapters = (["ffmpeg", "zlib", "mbedtls"] as const).flatMap((name) => [
    `== ${name} (${SPDX[name]}), built from Debian's source package ${name} ${versions[name]}`,
    ...LICENSES[name].map((file) => text(`${name}.${file}`)),
  ]);
  return [HOW_TO_GET, ...chapters, ""].join("\n\n");
}

const HOW_TO_GET = `The ffmpeg inside is started as a program of its own and may be replaced: put another beside schnitzel, or name it
with SCHNITZEL_FFMPEG. Its source: \`apt-get source ffmpeg\` on the Debian release of the version below, or
https://snapshot.debian.org/package/ffmpeg/. How it was built: scripts/ffmpeg/ of schnitzel's own source, at the commit
that \`schnitzel version\` prints. zlib and mbedtls are linked into it and come from the same place.`;
