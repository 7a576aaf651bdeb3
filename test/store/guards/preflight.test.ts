import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { diskKind, fuseKind, mountType } from "../../../src/store/disk_kind.ts";
import { foreign } from "../../../src/store/foreign.ts";
import { preflight } from "../../../src/store/preflight.ts";
import { temporaryFolder } from "../../support/folder.ts";
import type { Heard } from "./setup.ts";

function setup(changes: Partial<Parameters<typeof preflight>[1]> = {}) {
  const folder = temporaryFolder();
  const heard: Heard[] = [];
  const check = (at: string) =>
    preflight(at, {
      onEvent: (level, message, fields) => heard.push({ level, message, fields }),
      dangerouslyAllowNetworkDisk: false,
      ...changes,
    });
  return { folder: folder.path, heard, check, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test("preflight() makes a missing folder and those above it for this user alone, and leaves nothing in it", () => {
  using at = setup();
  const made = path.join(at.folder, "state", "yard");
  at.check(made);
  expect(fs.readdirSync(made)).toEqual([]);
  expect([path.dirname(made), made].map((folder) => fs.statSync(folder).mode & 0o777)).toEqual([0o700, 0o700]);
  expect(at.heard).toEqual([]);
});

test("preflight() refuses a file where the folder should be, naming it and the way out", () => {
  using at = setup();
  const file = path.join(at.folder, "state");
  fs.writeFileSync(file, "");
  expect(() => at.check(path.join(file, "yard"))).toThrow(
    /^QUEUE_UNOPENABLE: cannot make folder .*state\/yard: .*a file is in its place: remove it, or name another folder$/,
  );
});

test("foreign() says chmod, not chown, of what belongs to this user", () => {
  using at = setup();
  fs.chmodSync(at.folder, 0o555);
  expect(foreign(path.join(at.folder, "yard"))).toEndWith(
    "belongs to this user, and its mode 555 keeps it out: allow it (chmod u+rwx), or name another folder",
  );
  fs.chmodSync(at.folder, 0o700);
  expect(foreign(at.folder)).toContain("its mode 700 allows it, so something else forbids it");
});

test("preflight() warns, and goes on, where less is free than is asked for", () => {
  using at = setup({ needBytes: 2 ** 60 });
  at.check(at.folder);
  expect(at.heard).toEqual([
    expect.objectContaining({ level: "warn", message: expect.stringContaining(`and ${2 ** 60} are asked for`) }),
  ]);
});

test("diskKind() takes a disk of this machine, and tells one in memory", () => {
  using at = setup();
  expect(diskKind(at.folder).kind).not.toBe("network");
  if (process.platform === "linux") expect(diskKind("/dev/shm")).toEqual({ kind: "memory", name: "tmpfs" });
});

/** As Linux prints it; the device is major 0, minor 300. */
const MOUNTS = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
90 22 0:300 / /mnt/far rw,nosuid shared:5 - fuse.sshfs box:/data rw,user_id=0
91 22 0:44 / /mnt/usb rw - fuseblk /dev/sdb1 rw`;

test("mountType() finds the type of a mount by its device number, a large one included", () => {
  // makedev(0, 300): the low byte, and the rest from bit 20 on.
  expect(mountType(MOUNTS, (300 & 0xff) | ((300 & ~0xff) << 12))).toBe("fuse.sshfs");
  expect(mountType(MOUNTS, 44)).toBe("fuseblk");
  expect(mountType(MOUNTS, 254 << 8)).toBe("ext4");
  expect(mountType(MOUNTS, 45)).toBeUndefined();
});

test("fuseKind() takes a local disk behind FUSE, and no other program", () => {
  expect(fuseKind("fuseblk").kind).toBe("local");
  expect(["fuse.sshfs", "fuse.s3fs", "virtiofs", undefined].map((type) => fuseKind(type).kind)).toEqual(
    Array(4).fill("network"),
  );
});
