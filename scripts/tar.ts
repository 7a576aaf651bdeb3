/** A file of an archive. */
export interface ArchiveFile {
  path: string;
  mode: 0o644 | 0o755;
  bytes: Uint8Array;
}

const BLOCK = 512;

/**
 * A gzipped ustar archive whose bytes depend on `files` and `mtimeSec` only, so that two builds of a commit
 * give the same checksum. `Bun.Archive` writes the current time and has no executable bit; GNU tar's
 * `--sort --mtime` are missing on macOS.
 */
export function tarGz(files: readonly ArchiveFile[], mtimeSec: number): Uint8Array<ArrayBuffer> {
  const blocks = files.flatMap((file) => [header(file, mtimeSec), file.bytes, padding(file.bytes.length)]);
  // Two empty blocks end an archive.
  // 6: an executable of 130 MB takes 2 s; 9 takes 5.5 s and saves 2 %.
  return Bun.gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 6 });
}

function header({ path, mode, bytes }: ArchiveFile, mtimeSec: number): Buffer {
  if (Buffer.byteLength(path) > 99) throw new Error(`Cannot archive "${path}": ustar names have at most 99 bytes`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, width: number) =>
    block.write(value.toString(8).padStart(width - 1, "0"), offset, "latin1");
  block.write(path, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8); // uid
  octal(0, 116, 8); // gid
  octal(bytes.length, 124, 12);
  octal(mtimeSec, 136, 12);
  block.fill(" ", 148, 156); // the checksum is taken with its own field blank
  block.write("0", 156); // regular file
  block.write("ustar\0" + "00", 257, "latin1");
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}

function padding(length: number): Buffer {
  return Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK);
}
