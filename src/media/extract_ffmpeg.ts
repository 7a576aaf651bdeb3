import * as fs from "node:fs";
import * as path from "node:path";
import { toError } from "../base/to_error.ts";

export interface EmbeddedProgram {
  /** Of the program as it is to lie on the disk. */
  readonly sha256: string;
  bytes(): Promise<Uint8Array>;
}

/**
 * Lays the embedded ffmpeg below `cache`, once, and gives its path. One that lies there is used only when its hash is
 * right: a disk that was full, or somebody else, may have left anything. Rejects when it cannot lie there.
 */
export async function extractFfmpeg(
  program: EmbeddedProgram,
  cache: string,
  executable: string,
  uid: number | undefined,
): Promise<string> {
  const folder = path.join(cache, `ffmpeg-${program.sha256.slice(0, 16)}`);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseStranger(cache, uid);
  refuseStranger(folder, uid);
  const file = path.join(folder, executable);
  if (hashOf(file) === program.sha256) {
    fs.chmodSync(file, 0o755);
    return file;
  }
  const bytes = await program.bytes();
  // Beside its place and then renamed: another schnitzel may do the same now, or be running the one that is there.
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    fs.writeFileSync(temporary, bytes, { mode: 0o755 });
    fs.chmodSync(temporary, 0o755);
    fs.renameSync(temporary, file);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
  if (hashOf(file) !== program.sha256) throw new Error(`${file} is not what was written there`);
  return file;
}

/** In a folder that another user can write to, a file that was checked may be another one when it is started. */
function refuseStranger(folder: string, uid: number | undefined) {
  if (uid === undefined) return;
  const { uid: owner, mode } = fs.statSync(folder);
  if (owner !== uid && owner !== 0) throw new Error(`${folder} belongs to another user (${owner})`);
  if ((mode & 0o022) !== 0) throw new Error(`${folder} can be written by other users`);
}

function hashOf(file: string): string | undefined {
  try {
    return new Bun.CryptoHasher("sha256").update(fs.readFileSync(file)).digest("hex");
  } catch (error) {
    if (toError(error).message.includes("ENOENT")) return undefined;
    throw error;
  }
}
