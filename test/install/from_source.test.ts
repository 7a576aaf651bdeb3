import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { installed, toolbox } from "./release.ts";

/** What a fresh clone holds, as far as a build reads it. */
const CHECKOUT = [
  "install.sh",
  "package.json",
  "bun.lock",
  "bunfig.toml",
  "tsconfig.json",
  "LICENSE",
  "scripts",
  "src",
];

test("install.sh --from-source builds, leaves ./schnitzel in the checkout, and installs it", async () => {
  using folder = temporaryFolder();
  const [home, checkout] = [path.join(folder.path, "home"), path.join(folder.path, "checkout")];
  fs.mkdirSync(home);
  for (const part of CHECKOUT) fs.cpSync(path.join(ROOT, part), path.join(checkout, part), { recursive: true });
  const PATH = toolbox(folder.path, []);
  fs.symlinkSync(process.execPath, path.join(PATH, "bun"));
  // Not from an empty cache: that is what a whole run of .ci/run on a clean machine shows.
  const env = { HOME: home, PATH, BUN_INSTALL_CACHE_DIR: await bunCache() };
  const ran = await runCommand(["/bin/sh", "install.sh", "--from-source"], { cwd: checkout, env, timeoutMs: 90_000 });
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain(`install: installed ${home}/.local/bin/schnitzel (schnitzel 0.1.0`);
  expect(ran.stdout).toContain(`install: built   ${checkout}/schnitzel`);
  expect(installed(home)).toEqual(["schnitzel"]);
  for (const file of [path.join(checkout, "schnitzel"), path.join(home, ".local/bin/schnitzel")]) {
    expect(await runCommand([file, "version"], { cwd: home })).toMatchObject({ code: 0, stderr: "" });
  }
}, 120_000);

async function bunCache(): Promise<string> {
  return (await runCommand([process.execPath, "pm", "cache"], { cwd: ROOT })).stdout.trim();
}

test("install.sh --from-source outside a checkout says so", async () => {
  using folder = temporaryFolder();
  fs.copyFileSync(path.join(ROOT, "install.sh"), path.join(folder.path, "install.sh"));
  const ran = await runCommand(["/bin/sh", "install.sh", "--from-source"], { cwd: folder.path });
  expect(ran.stderr).toContain(`${folder.path} is none: clone the project first`);
  expect(ran.code).toBe(2);
});

test("install.sh --from-source without bun and npm fails with what to install, and installs nothing", async () => {
  using folder = temporaryFolder();
  for (const part of ["install.sh", "package.json", "scripts"]) {
    fs.cpSync(path.join(ROOT, part), path.join(folder.path, part), { recursive: true });
  }
  const env = { HOME: folder.path, PATH: toolbox(folder.path, []) };
  const ran = await runCommand(["/bin/sh", "install.sh", "--from-source"], { cwd: folder.path, env });
  expect(ran.stderr).toContain("no npm to install it with");
  expect(ran.code).toBe(3);
  expect(installed(folder.path)).toEqual([]);
});
