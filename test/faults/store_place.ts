import * as path from "node:path";
import { temporaryFolder } from "../support/folder.ts";

/**
 * Runs one of the `store_*_child.ts` beside this file on a file system of its own, which is gone with the process: it is
 * mounted at the child's first argument in a mount namespace that nobody else sees.
 */
export async function onMount<Result>(
  mount: (at: string) => string,
  child: string,
  ...args: string[]
): Promise<Result> {
  using folder = temporaryFolder();
  // A program that serves a mount would keep the namespace, and itself, alive.
  const script = `${mount(folder.path)} || exit 99; "$@"; code=$?; umount -R '${folder.path}'; exit $code`;
  const command = [process.execPath, path.join(import.meta.dir, child), folder.path, ...args];
  const ran = Bun.spawn(["unshare", "--mount", "sh", "-c", script, "sh", ...command], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, said, code] = await Promise.all([ran.stdout.text(), ran.stderr.text(), ran.exited]);
  if (code !== 0) throw new Error(`${child} ended with ${code}: ${said}`);
  return JSON.parse(out);
}

export const tmpfs = (size: string) => (at: string) => `mount -t tmpfs -o size=${size} tmpfs '${at}'`;

/** What a program serves, at `on`; it only passes on what is asked of it. */
export const fuse = (at: string) =>
  `mount -t tmpfs tmpfs '${at}' && mkdir '${at}/served' '${at}/on' && bindfs '${at}/served' '${at}/on'`;

/** A disk of `megabytes`, in a file that lies in memory. */
export const ext4 =
  (megabytes: number, options = "loop") =>
  (at: string) =>
    [
      `mount -t tmpfs -o size=${megabytes + 8}m tmpfs '${at}'`,
      `truncate -s ${megabytes}M '${at}/disk' && mkfs.ext4 -q -F '${at}/disk' && mkdir '${at}/on'`,
      `mount -t ext4 -o ${options} '${at}/disk' '${at}/on'`,
    ].join(" && ");
