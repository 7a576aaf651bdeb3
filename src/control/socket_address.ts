/** Windows has no sockets in the file system that every version can open; a named pipe is no file. */
export const hasFile = () => process.platform !== "win32";

/**
 * What to listen at or connect to. A path beyond the 107 bytes of the kernel's structure is one for Bun, which opens
 * the folder first and names the socket from there; only the file's own name is bound by them.
 */
export function addressOf(file: string): string {
  return hasFile() ? file : `\\\\.\\pipe\\schnitzel-${Bun.hash(file.toLowerCase()).toString(16)}`;
}
