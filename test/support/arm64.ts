import * as fs from "node:fs";

const REGISTRATION = "/usr/lib/binfmt.d/qemu-aarch64.conf";

/**
 * A mount and user namespace whose kernel starts arm64 executables with qemu. Needs Linux 6.7, root or not, and
 * changes nothing outside.
 */
const NAMESPACE = [
  ...["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c"],
  `mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
   cat ${REGISTRATION} >/proc/sys/fs/binfmt_misc/register && exec "$@"`,
  "sh",
];

/** How this machine runs arm64 executables. */
export interface Arm64 {
  /** What to put before the executable. */
  prefix: readonly string[];
  /** Whether the program can start itself again, as schnitzel does to try a plugin: that asks the kernel. */
  children: boolean;
}

/** Undefined when this machine runs none. */
export function arm64(): Arm64 | undefined {
  if (process.platform !== "linux") return undefined;
  if (process.arch === "arm64") return { prefix: [], children: true };
  if (!fs.existsSync("/lib/ld-linux-aarch64.so.1") || Bun.which("qemu-aarch64-static") === null) return undefined;
  // Debian's package registers qemu with the whole system where systemd runs.
  if (fs.existsSync("/proc/sys/fs/binfmt_misc/qemu-aarch64")) return { prefix: [], children: true };
  if (Bun.spawnSync([...NAMESPACE, "true"]).success) return { prefix: NAMESPACE, children: true };
  return { prefix: ["qemu-aarch64-static"], children: false };
}
