import * as fs from "node:fs";
import * as path from "node:path";
import * as v from "valibot";

/** Letters that no file system changes, and no dot: with one it would be a file's name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export const isModelName = (name: string) => NAME.test(name);

const record = v.object({
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  bytes: v.number(),
  license: v.string(),
  source: v.string(),
});

/** What was noted of a model when it was stored. */
export type StoredRecord = v.InferOutput<typeof record>;

/** Models of this machine's user in one folder: `NAME.onnx`, and beside it `NAME.json` with its hash and licence. */
export class ModelStore {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  file(name: string): string {
    return path.join(this.folder, `${name}.onnx`);
  }

  /** Where a download of these bytes goes on, after however many tries. */
  part(name: string, sha256: string): string {
    // Of another version of the same name nothing can be used.
    return path.join(this.folder, `${name}.${sha256.slice(0, 12)}.part`);
  }

  /** Names of what is stored whole, sorted. */
  names(): readonly string[] {
    if (!fs.existsSync(this.folder)) return [];
    const files = fs.readdirSync(this.folder).filter((file) => file.endsWith(".onnx"));
    return files
      .map((file) => file.slice(0, -".onnx".length))
      .filter((name) => isModelName(name) && this.has(name))
      .sort();
  }

  /** The record is written last, so a model without one was not finished. */
  has(name: string): boolean {
    return fs.existsSync(this.file(name)) && fs.existsSync(this.#recordFile(name));
  }

  record(name: string): StoredRecord {
    const file = this.#recordFile(name);
    try {
      return v.parse(record, JSON.parse(fs.readFileSync(file, "utf8")));
    } catch (error) {
      throw new Error(`cannot read ${file}: ${(error as Error).message}; remove it and add the model again`);
    }
  }

  async bytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
    return await Bun.file(this.file(name)).bytes();
  }

  /** Takes a finished file of this folder under its name, at once and for good: a power cut leaves the old or the new. */
  adopt(finished: string, name: string, known: StoredRecord) {
    fs.rmSync(this.#recordFile(name), { force: true });
    syncFile(finished);
    fs.renameSync(finished, this.file(name));
    const note = `${this.#recordFile(name)}.part`;
    fs.writeFileSync(note, `${JSON.stringify(known, null, 1)}\n`);
    syncFile(note);
    fs.renameSync(note, this.#recordFile(name));
    syncFolder(this.folder);
  }

  #recordFile(name: string): string {
    return path.join(this.folder, `${name}.json`);
  }
}

function syncFile(file: string) {
  const descriptor = fs.openSync(file, "r+");
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
}

/** Windows cannot open folders, and its renames are journaled. */
function syncFolder(folder: string) {
  if (process.platform === "win32") return;
  const descriptor = fs.openSync(folder, "r");
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
}
