import * as path from "node:path";
import type { Asset } from "../assets/asset.ts";

const ROOT = path.resolve(import.meta.dir, "../..");

const [FACE, HUMAN] = ["node_modules/@vladmandic/face-api/LICENSE", "node_modules/@vladmandic/human/LICENSE"] as const;

/** Licence texts of the embedded models; MIT asks for its notice in every copy. */
export const modelLicenses: Asset = {
  name: "models.license.txt",
  what: "licence texts of the embedded models",
  license: "MIT",
  source: "the projects of the models",
  lacking: "the licence texts of the embedded models",
  zstd: true,
  inputs: [FACE, HUMAN, "scripts/models/licenses.ts"],
  make: async () => {
    const [face, human] = await Promise.all([FACE, HUMAN].map((file) => Bun.file(path.join(ROOT, file)).text()));
    const chapters = [
      [
        "face_tiny",
        "https://github.com/vladmandic/face-api, after https://github.com/justadudewhohacks/face-api.js",
        face!,
      ],
      [
        "coco_small",
        "https://github.com/vladmandic/human, trained by github.com/610265158/mobilenetv3_centernet",
        human!,
      ],
      ["silero_vad", "https://github.com/snakers4/silero-vad", of(human!, "2020-present Silero Team")],
    ] as const;
    const texts = chapters.map(([name, source, text]) => `== model ${name} (MIT)\n${source}\n\n${text.trim()}\n`);
    return Buffer.from(texts.join("\n"));
  },
};

/** The same MIT text with another holder: the package that ships Silero VAD has no text of its own. */
function of(text: string, holder: string): string {
  const changed = text.replace(/^Copyright \(c\).*$/m, `Copyright (c) ${holder}`);
  if (!changed.includes(holder)) throw new Error("cannot write the licence of silero_vad: the MIT text has no holder");
  return changed;
}
