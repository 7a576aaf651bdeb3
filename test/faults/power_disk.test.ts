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
      for (const round of ["first", "second"]) {
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

/** Gives how many synced lines the writer told of before its disk was gone. */
async function cutWhileWriting(disk: PowerDisk, folder: string): Promise<number> {
  fs.mkdirSync(folder);
  const writer = Bun.spawn([process.execPath, WRITER, folder], { stdout: "pipe" });
  let said = "";
  let cut = false;
  for await (const chunk of writer.stdout.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (cut || said.split("\n").length < ENOUGH) continue;
    cut = true;
    disk.cut();
  }
  await writer.exited;
  await disk.restore();
  expect(said).toEndWith("EIO\n");
  return said.trim().split("\n").length - 1;
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
