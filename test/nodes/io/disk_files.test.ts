import { expect, test } from "bun:test";
import * as path from "node:path";
import { diskFiles } from "../../../src/node/index.ts";
import { temporaryFolder } from "../../support/folder.ts";

test("diskFiles() refuses a named pipe, since opening one would hold the thread until its other end comes", () => {
  using folder = temporaryFolder();
  Bun.spawnSync(["mkfifo", path.join(folder.path, "pipe")]);
  const files = diskFiles({ base: folder.path });
  for (const flags of ["r", "a", "w"] as const) expect(() => files.open("pipe", flags)).toThrow("it is a named pipe");
  expect(() => files.readText("pipe")).toThrow("it is a named pipe");
  expect(() => files.readBytes("pipe")).toThrow("it is a named pipe");
});

test("an open device has nothing to sync, and that is no fault", () => {
  const open = diskFiles({ base: "/" }).open("/dev/null", "a");
  open.write("line\n");
  expect(() => open.sync()).not.toThrow();
  open.close();
});
