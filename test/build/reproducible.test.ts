import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { tarGz } from "../../scripts/tar.ts";
import { ROOT, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What only development needs, and would make the copies ten times as big. */
const UNUSED = /node_modules\/(typescript|@typescript|@biomejs|rxjs|fast-check|bun-types|@types)$/;

const PARTS = ["src", "scripts", "package.json", "node_modules", "tsconfig.json", "LICENSE"];

/** Everything a build reads, in a folder of its own, without git. */
function copyProject(to: string) {
  const options = { recursive: true, filter: (from: string) => !UNUSED.test(from) };
  for (const part of PARTS) fs.cpSync(path.join(ROOT, part), path.join(to, part), options);
}

async function buildIn(project: string): Promise<string> {
  const built = await runCommand([process.execPath, "scripts/build.ts"], { cwd: project, timeoutMs: 60_000 });
  if (built.code !== 0) throw new Error(`Cannot build in ${project}: ${built.stdout}${built.stderr}`);
  return new Bun.CryptoHasher("sha256").update(await Bun.file(path.join(project, "schnitzel")).bytes()).digest("hex");
}

test("a build gives the same bytes again, in another folder as well", async () => {
  using folder = temporaryFolder();
  const [here, there] = [path.join(folder.path, "a"), path.join(folder.path, "a longer/way down")];
  copyProject(here);
  copyProject(there);
  const first = await buildIn(here);
  expect(await buildIn(here)).toBe(first);
  expect(await buildIn(there)).toBe(first);
}, 120_000);

test("a build from changed sources gives other bytes", async () => {
  using folder = temporaryFolder();
  copyProject(folder.path);
  const first = await buildIn(folder.path);
  fs.appendFileSync(
    path.join(folder.path, "src/main.ts"),
    '\nif (process.argv[2] === "no such word") console.log(1);\n',
  );
  expect(await buildIn(folder.path)).not.toBe(first);
}, 120_000);

test("tarGz() depends on files and time only, and tar unpacks it with names, modes and contents", async () => {
  using folder = temporaryFolder();
  const files = [
    { path: "top/run", mode: 0o755, bytes: Buffer.from("#!/bin/sh\necho ran\n") },
    { path: "top/empty", mode: 0o644, bytes: Buffer.alloc(0) },
    { path: "top/block", mode: 0o644, bytes: Buffer.alloc(512, "x") },
  ] as const;
  expect(tarGz(files, 1_700_000_000)).toEqual(tarGz(files, 1_700_000_000));
  const archive = path.join(folder.path, "a.tar.gz");
  fs.writeFileSync(archive, tarGz(files, 1_700_000_000));
  expect(await runCommand(["tar", "-xzf", archive, "-C", folder.path])).toMatchObject({ code: 0, stderr: "" });
  for (const file of files) {
    const unpacked = path.join(folder.path, file.path);
    expect(fs.readFileSync(unpacked)).toEqual(file.bytes);
    expect(fs.statSync(unpacked).mode & 0o777).toBe(file.mode);
    expect(fs.statSync(unpacked).mtimeMs).toBe(1_700_000_000_000);
  }
});
