import * as fs from "node:fs";
import * as path from "node:path";
import { type Made, replaceFile } from "./make.ts";

const TOOLCHAIN = path.resolve(import.meta.dir, "../../.toolchain");

/** Lays the assets where `embeddedFile` looks when schnitzel runs from source; what is no longer made goes. */
export function layForSources(made: readonly Made[]) {
  const folder = path.join(TOOLCHAIN, "assets");
  fs.mkdirSync(folder, { recursive: true });
  const before = filesOf(folder);
  for (const { file, bytes } of made) {
    const at = path.join(folder, file);
    if (!fs.existsSync(at) || !bytesEqual(fs.readFileSync(at), bytes)) replaceFile(at, bytes);
  }
  const kept = new Set(made.map(({ file }) => file));
  for (const file of before) if (!kept.has(file)) fs.rmSync(path.join(folder, file), { force: true });
}

/** Files that an earlier call laid there. */
function filesOf(folder: string): string[] {
  const index = path.join(folder, "assets.json");
  if (!fs.existsSync(index)) return [];
  const facts: { name: string }[] = JSON.parse(fs.readFileSync(index, "utf8"));
  return facts.flatMap(({ name }) => [name, `${name}.zst`]);
}

const bytesEqual = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

/** A folder of an older build is of no use after a day. */
const KEPT_MS = 24 * 60 * 60 * 1_000;

/**
 * Writes a module that embeds the assets, for the build to compile beside `main.ts`; gives its path from the root.
 *
 * The folder's name comes from the contents: the path gets into the binary, so the same assets must lie at the
 * same one, and builds for two targets at once must not meet.
 */
export function writeEmbedding(made: readonly Made[]): string {
  const parts = path.join(TOOLCHAIN, "embed");
  const hasher = new Bun.CryptoHasher("sha256");
  for (const { file, bytes } of made) hasher.update(`${file}\0${bytes.length}\0`).update(bytes);
  const folder = path.join(parts, hasher.digest("hex").slice(0, 16));
  for (const { file, bytes } of made) replaceFile(path.join(folder, file), bytes);
  replaceFile(path.join(folder, "embedding.ts"), Buffer.from(moduleText(made.map(({ file }) => file))));
  forgetOld(parts);
  return path.relative(path.dirname(TOOLCHAIN), path.join(folder, "embedding.ts"));
}

/** The list is exported, as an import that nobody uses would be dropped with its file. */
function moduleText(files: readonly string[]): string {
  const imports = files.map((file, index) => `import f${index} from "./${file}" with { type: "file" };`);
  return `${imports.join("\n")}\nexport default [${files.map((_, index) => `f${index}`).join(", ")}];\n`;
}

function forgetOld(parts: string) {
  for (const name of fs.readdirSync(parts)) {
    const folder = path.join(parts, name);
    if (fs.statSync(folder).mtimeMs < Date.now() - KEPT_MS) fs.rmSync(folder, { recursive: true, force: true });
  }
}
