import * as fs from "node:fs";

const REGISTRATION = "/usr/lib/binfmt.d/qemu-aarch64.conf";

/**
 * A mount and user namespace whose kernel starts arm64 executables with qemu. Needs Linux 6.7, root or not, and
 * changes nothing outside. Calling qemu by hand is not enough: a program that starts itself again, as schnitzel
 * does to try a plugin, asks the kernel.
 */
const NAMESPACE = [
  ...["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c"],
  `mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
   cat ${REGISTRATION} >/proc/sys/fs/binfmt_misc/register && exec "$@"`,
  "sh",
];

/** What to put before an arm64 executable to run it here; undefined when this machine cannot. */
export function arm64Prefix(): readonly string[] | undefined {
  if (process.platform !== "linux") return undefined;
  if (process.arch === "arm64") return [];
  if (!fs.existsSync("/lib/ld-linux-aarch64.so.1")) return undefined;
  // Debian's package registers qemu with the whole system where systemd runs.
  if (fs.existsSync("/proc/sys/fs/binfmt_misc/qemu-aarch64")) return [];
  return fs.existsSync(REGISTRATION) && Bun.spawnSync([...NAMESPACE, "true"]).success ? NAMESPACE : undefined;
}
