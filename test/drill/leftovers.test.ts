import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { makeFolder, removeFolder, removeLeftovers } from "../../src/drill/mounts.ts";
import { folderWith } from "../support/cli.ts";

test("a folder is removed when the drill it belongs to has ended, and what that one started is ended", async () => {
  using parent = folderWith({});
  const script = `
    const { makeFolder, noteChild } = await import(${JSON.stringify(path.resolve("src/drill/mounts.ts"))});
    const folder = makeFolder(${JSON.stringify(parent.folder)});
    const child = Bun.spawn(["sleep", "600"], { stdio: ["ignore", "ignore", "ignore"] });
    noteChild(folder, child.pid);
    console.log(folder, child.pid);
    process.kill(process.pid, "SIGKILL");
  `;
  const drill = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  const [folder, pid] = (await drill.stdout.text()).trim().split(" ");
  await drill.exited;
  expect(fs.existsSync(`/proc/${pid}`)).toBe(true);
  expect(await removeLeftovers(parent.folder)).toEqual([folder!]);
  expect(fs.existsSync(folder!)).toBe(false);
  // Killed and not yet collected by init it may still be listed, as a zombie.
  expect(fs.existsSync(`/proc/${pid}/stat`) ? fs.readFileSync(`/proc/${pid}/stat`, "utf8") : "gone").toMatch(
    /gone|\) Z /,
  );
});

test("a folder of a drill that runs, one without an owner, and one of others stay", async () => {
  using parent = folderWith({ "schnitzel-drill-other/file": "x", "else/file": "x" });
  const own = makeFolder(parent.folder);
  expect(await removeLeftovers(parent.folder)).toEqual([]);
  await removeFolder(own);
  expect(fs.readdirSync(parent.folder).sort()).toEqual(["else", "schnitzel-drill-other"]);
});
