import * as fs from "node:fs";
import * as path from "node:path";
import type { Asset } from "./asset.ts";

const ROOT = path.resolve(import.meta.dir, "../..");

interface Package {
  name: string;
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}

/** Licence texts of Bun and of the npm packages whose code is in the binary. */
export const packageLicenses: Asset = {
  name: "packages.license.txt",
  what: "licence texts of the npm packages inside",
  license: "as each says",
  source: "the packages",
  lacking: "the licence texts that `schnitzel version --licenses` prints",
  zstd: true,
  inputs: ["package.json", "bun.lock", "scripts/assets/licenses.ts"],
  make: async () => Buffer.from([BUN, ...closure(read(ROOT)).map(chapter)].join("\n")),
};

/** Its package on the registry holds no text of its own. */
const BUN = `== bun ${Bun.version} (MIT; JavaScriptCore inside it is LGPL-2.0-or-later)
https://github.com/oven-sh/bun, whose LICENSE.md lists what is linked into it and how to relink it.
`;

/** What package.json depends on, and what that depends on, in the order of their names. */
function closure(root: Package): Package[] {
  const found = new Map<string, Package>();
  const open = Object.keys(root.dependencies ?? {});
  // Bounded by the packages installed: each is opened once.
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const folder = path.join(ROOT, "node_modules", name);
    if (found.has(name) || !fs.existsSync(folder)) continue;
    const opened = read(folder);
    found.set(name, opened);
    open.push(...Object.keys(opened.dependencies ?? {}));
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const read = (folder: string): Package => JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));

function chapter({ name, version, license = "see its text" }: Package): string {
  const folder = path.join(ROOT, "node_modules", name);
  const texts = fs.readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const body = texts.sort().map((file) => fs.readFileSync(path.join(folder, file), "utf8").trim());
  const none = `Its package has no text of its own; the terms of ${license} apply.`;
  return `== ${name} ${version} (${license})\n${body.join("\n\n") || none}\n`;
}
