import * as fs from "node:fs";
import { readOnnx } from "../onnx_file.ts";
import type { ModelStore, StoredRecord } from "./store.ts";

/** Read at once while a file is hashed. */
const PIECE_BYTES = 1024 * 1024;

/** SHA-256 of a file of any size, in 64 hex digits. */
export function sha256OfFile(file: string): string {
  const hasher = new Bun.CryptoHasher("sha256");
  const descriptor = fs.openSync(file, "r");
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let got = 1; got > 0; ) {
      got = fs.readSync(descriptor, piece, 0, PIECE_BYTES, null);
      hasher.update(piece.subarray(0, got));
    }
  } finally {
    fs.closeSync(descriptor);
  }
  return hasher.digest("hex");
}

/** Checks a finished download against the hash it must have and stores it; a wrong one is removed. */
export async function storeDownload(store: ModelStore, part: string, name: string, known: StoredRecord) {
  const sha256 = sha256OfFile(part);
  if (sha256 !== known.sha256) {
    const what = await looksLike(part);
    fs.rmSync(part);
    throw new Error(
      `cannot store model ${name}: what ${known.source} gave has sha256 ${sha256}, not ${known.sha256}${what}; ` +
        "nothing was stored",
    );
  }
  store.adopt(part, name, { ...known, bytes: fs.statSync(part).size });
}

/** Stores a copy of a file; the file stays where it is. */
export function storeCopy(store: ModelStore, file: string, name: string, known: StoredRecord) {
  fs.mkdirSync(store.folder, { recursive: true });
  const part = store.part(name, known.sha256);
  try {
    fs.copyFileSync(file, part);
    // A copy keeps the mode, and what lies on a CD or a read-only share nobody may write.
    fs.chmodSync(part, 0o644);
    if (sha256OfFile(part) !== known.sha256) throw new Error("the copy is not what was read: it changed meanwhile");
    store.adopt(part, name, known);
  } catch (error) {
    fs.rmSync(part, { force: true });
    throw new Error(`cannot store model ${name}: ${(error as Error).message}`);
  }
}

/**
 * Why a wrong download is wrong, where its beginning says so: most often it is a web page. A server may have sent
 * gigabytes, which would not fit into the memory of a small machine.
 */
async function looksLike(part: string): Promise<string> {
  const file = Bun.file(part);
  try {
    readOnnx(await file.slice(0, PIECE_BYTES).bytes());
    return "";
  } catch (error) {
    const { message } = error as Error;
    const known = file.size <= PIECE_BYTES || message.startsWith("it is no ONNX file");
    return known ? ` (${message})` : "";
  }
}
