import * as fs from "node:fs";
import * as path from "node:path";
import type { FfmpegFacts } from "./ffmpeg_facts.ts";

/**
 * Facts of an ffmpeg, kept from run to run: a system's ffmpeg with its 200 libraries takes 2 s of processor time to
 * answer all questions. Any change of the file asks anew. A file of ours, read with care: it may be cut or old.
 */
export class KeptFacts {
  readonly #folders: readonly string[];

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  read(file: string): FfmpegFacts | undefined {
    for (const folder of this.#folders) {
      try {
        const kept = JSON.parse(fs.readFileSync(placeOf(folder, file), "utf8"));
        if (kept.key === keyOf(file) && isFacts(kept.facts)) return kept.facts;
      } catch {
        // None there, or none that can be read: it is asked again.
      }
    }
    return undefined;
  }

  write(file: string, facts: FfmpegFacts) {
    for (const folder of this.#folders) {
      const place = placeOf(folder, file);
      const temporary = `${place}.${process.pid}.tmp`;
      try {
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
        fs.writeFileSync(temporary, JSON.stringify({ key: keyOf(file), facts }), { mode: 0o600 });
        fs.renameSync(temporary, place);
        return forgetOldest(folder);
      } catch {
        // A read-only or full disk: the next folder, or asked again at the next start.
        fs.rmSync(temporary, { force: true });
      }
    }
  }
}

/** A machine has one ffmpeg or a few; each file is 20 kB. */
const MAX_KEPT = 16;

function forgetOldest(folder: string) {
  const kept = fs.readdirSync(folder).filter((name) => /^ffmpeg-facts-\w+\.json$/.test(name));
  const files = kept.map((name) => path.join(folder, name));
  const age = (file: string) => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const file of files.sort((a, b) => age(b) - age(a)).slice(MAX_KEPT)) fs.rmSync(file, { force: true });
}

/** Of the file that a link leads to: Debian's alternatives change the link. */
function keyOf(file: string): string {
  const real = fs.realpathSync(file);
  const { mtimeMs, size } = fs.statSync(real);
  return `1 ${real} ${mtimeMs} ${size}`;
}

const placeOf = (folder: string, file: string) =>
  path.join(folder, `ffmpeg-facts-${new Bun.CryptoHasher("sha256").update(file).digest("hex").slice(0, 16)}.json`);

function isFacts(facts: FfmpegFacts | undefined): facts is FfmpegFacts {
  return Number.isInteger(facts?.version?.major) && Array.isArray(facts?.names?.filter);
}
