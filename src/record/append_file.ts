import { type FileHandle, open } from "node:fs/promises";

/** A file that is written from its beginning to its end, off this thread. */
export interface AppendFile {
  /** Rejects when not all of it could be written. Called again only when it has resolved. */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

/** Makes a file for this user alone. Rejects when there is one: a recording is not written over. */
export async function newAppendFile(file: string): Promise<AppendFile> {
  const handle = await open(file, "wx", 0o600);
  return {
    async write(pieces) {
      for (const piece of pieces) await writeAll(handle, piece);
    },
    close: () => handle.close(),
  };
}

/** A disk that is nearly full takes a part and says nothing; asked for the rest, it does. */
async function writeAll(handle: FileHandle, piece: Uint8Array) {
  for (let done = 0; done < piece.length; ) {
    const { bytesWritten } = await handle.write(piece, done, piece.length - done);
    done += bytesWritten;
  }
}
