import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { EmbeddedFact } from "../../src/base/embedded.ts";
import type { Target } from "../targets.ts";
import { type Asset, type AssetOptions, CannotMake } from "./asset.ts";

const ROOT = path.resolve(import.meta.dir, "../..");

/** Kept outside the tree, so that a fresh checkout of the same sources makes nothing again. */
export const BUILD_CACHE = path.join(
  process.env.XDG_CACHE_HOME || path.join(process.env.HOME || os.tmpdir(), ".cache"),
  "schnitzel/build",
);

/** An asset as it is stored in the binary. */
export interface Made {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly fact: EmbeddedFact;
}

/** Makes what `target` gets, from the cache where nothing changed. `say` hears what is left out and why. */
export async function makeAssets(
  assets: readonly Asset[],
  target: Target,
  options: AssetOptions,
  say: (line: string) => void,
): Promise<Made[]> {
  const made: Made[] = [];
  for (const asset of assets) {
    if (asset.when?.(target, options) === false) continue;
    try {
      made.push(await makeOne(asset, target, options));
    } catch (error) {
      if (!(error instanceof CannotMake)) throw error;
      say(`left out ${asset.name}: ${error.message}; the ${target.name} binary lacks ${asset.lacking}`);
    }
  }
  const facts = made.map(({ fact }) => fact);
  const bytes = Buffer.from(`${JSON.stringify(facts, null, 1)}\n`);
  return [...made, { file: "assets.json", bytes, fact: factOf(INDEX, bytes) }];
}

const INDEX = { name: "assets.json", what: "", license: "", source: "" };

async function makeOne(asset: Asset, target: Target, options: AssetOptions): Promise<Made> {
  const file = asset.zstd ? `${asset.name}.zst` : asset.name;
  const folder = path.join(BUILD_CACHE, "assets", keyOf(asset, target, options));
  const [stored, noted] = [path.join(folder, file), path.join(folder, "fact.json")];
  // The fact is written last: where it is, the bytes are whole.
  if (!fs.existsSync(noted)) {
    const bytes = await asset.make(target, options);
    replaceFile(stored, asset.zstd ? packed(bytes) : bytes);
    replaceFile(noted, Buffer.from(JSON.stringify(factOf(asset, bytes))));
  }
  return { file, bytes: fs.readFileSync(stored), fact: JSON.parse(fs.readFileSync(noted, "utf8")) };
}

/** 19: the last level that needs no more memory to inflate; 14 MB take 5 s, once. */
const packed = (bytes: Uint8Array) => Bun.zstdCompressSync(bytes as Uint8Array<ArrayBuffer>, { level: 19 });

function factOf({ name, what, license, source }: Omit<EmbeddedFact, "bytes" | "sha256">, bytes: Uint8Array) {
  const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  return { name, bytes: bytes.length, sha256, what, license, source };
}

/** Changes with all that decides the bytes, Bun's zstd among them. */
function keyOf(asset: Asset, target: Target, options: AssetOptions): string {
  const { name, what, license, source, zstd } = asset;
  const hasher = new Bun.CryptoHasher("sha256");
  hasher.update(JSON.stringify([Bun.version, name, what, license, source, zstd, asset.key?.(target, options) ?? ""]));
  for (const input of asset.inputs) {
    const file = path.join(ROOT, input);
    if (!fs.existsSync(file)) throw new CannotMake(`it is made of ${input}, which is not there`);
    hasher.update(`\0${input}\0`).update(fs.readFileSync(file));
  }
  return `${name}-${hasher.digest("hex").slice(0, 24)}`;
}

/** By rename, so that two builds at once see whole files. */
export function replaceFile(file: string, bytes: Uint8Array, mode = 0o644) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, bytes, { mode });
  fs.renameSync(temporary, file);
}
