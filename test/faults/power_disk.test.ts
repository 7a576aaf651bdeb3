import { expect } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { makeFolder, mountsBelow, removeFolder, removeLeftovers } from "../../src/drill/mounts.ts";
import { PowerDisk } from "../../src/drill/power_disk.ts";
import { ROOT } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { needs } from "../support/part.ts";

const WRITER = path.join(ROOT, "test/fixtures/synced_writer.ts");
/** Told before the power is cut, so that there is something to lose. */
const ENOUGH = 200;

needs("power_cut")(
  "a power cut keeps what was synced and loses what was not",
  async () => {
    const folder = makeFolder();
    try {
      const disk = await PowerDisk.create(folder);
      for (const round of ["first", "second", "third", "fourth", "fifth"]) {
        const told = await cutWhileWriting(disk, path.join(disk.folder, round));
        const lines = (name: string) =>
          fs.readFileSync(path.join(disk.folder, round, name), "utf8").split("\n").length - 1;
        expect(lines("synced")).toBeGreaterThanOrEqual(told);
        expect(lines("unsynced")).toBeLessThan(told);
      }
    } finally {
      await removeFolder(folder);
    }
    expect(fs.existsSync(folder)).toBe(false);
    expect(mountsBelow(folder)).toEqual([]);
  },
  60_000,
);

/** Gives how many synced lines the writer told of before the machine went. */
async function cutWhileWriting(disk: PowerDisk, folder: string): Promise<number> {
  fs.mkdirSync(folder);
  const writer = Bun.spawn([process.execPath, WRITER, folder], { stdout: "pipe" });
  let said = "";
  let cut = false;
  for await (const chunk of writer.stdout.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (cut || said.split("\n").length < ENOUGH) continue;
    cut = true;
    writer.kill("SIGKILL");
    disk.cut();
  }
  await writer.exited;
  expect(() => fs.writeFileSync(path.join(folder, "late"), "")).toThrow("EIO");
  await disk.restore();
  return said.split("\n").length - 1;
}

needs("power_cut")("a disk whose drill was killed is unmounted by the next drill", async () => {
  using parent = folderWith({});
  const script = `
    const { makeFolder } = await import(${JSON.stringify(path.join(ROOT, "src/drill/mounts.ts"))});
    const { PowerDisk } = await import(${JSON.stringify(path.join(ROOT, "src/drill/power_disk.ts"))});
    const folder = makeFolder(${JSON.stringify(parent.folder)});
    await PowerDisk.create(folder);
    console.log(folder);
    process.kill(process.pid, "SIGKILL");
  `;
  const drill = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  const folder = (await drill.stdout.text()).trim();
  await drill.exited;
  expect(mountsBelow(folder)).toEqual([path.join(folder, "disk")]);
  expect(await removeLeftovers(parent.folder)).toEqual([folder]);
  expect(mountsBelow(folder)).toEqual([]);
  expect(fs.existsSync(folder)).toBe(false);
});

needs("power_cut")(
  "a disk that another mount namespace still has comes back all the same",
  async () => {
    const folder = makeFolder();
    try {
      const disk = await PowerDisk.create(folder);
      const kept = path.join(disk.folder, "kept");
      write(kept, "synced");
      const other = Bun.spawn(["unshare", "--mount", "sh", "-c", "echo ready; exec sleep 600"], { stdout: "pipe" });
      await other.stdout.getReader().read();
      disk.cut();
      await disk.restore();
      expect(fs.readFileSync(kept, "utf8")).toBe("synced");
      write(path.join(disk.folder, "after"), "writable");
      other.kill("SIGKILL");
      await other.exited;
    } finally {
      await removeFolder(folder);
    }
    expect(fs.existsSync(folder)).toBe(false);
  },
  30_000,
);

function write(file: string, text: string) {
  const descriptor = fs.openSync(file, "w");
  fs.writeSync(descriptor, text);
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
}
