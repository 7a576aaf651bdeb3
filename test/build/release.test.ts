import { afterAll, beforeAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { VERSION } from "../../scripts/compile.ts";
import { hostTarget, TARGETS } from "../../scripts/targets.ts";
import { build, ROOT, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { type Platform, platformOf } from "./executable.ts";

/** One build of every target for all tests of this file; the first on a machine fetches Bun's runtimes. */
const folder = temporaryFolder();
const dist = path.join(folder.path, "dist");
beforeAll(() => build("--all", `--dist=${dist}`), 240_000);
afterAll(() => folder[Symbol.dispose]());

const EXPECTED: Record<string, Platform> = {
  "linux-x64": { os: "linux", arch: "x64", loader: "/lib64/ld-linux-x86-64.so.2" },
  "linux-x64-musl": { os: "linux", arch: "x64", loader: "/lib/ld-musl-x86_64.so.1" },
  "linux-arm64": { os: "linux", arch: "arm64", loader: "/lib/ld-linux-aarch64.so.1" },
  "linux-arm64-musl": { os: "linux", arch: "arm64", loader: "/lib/ld-musl-aarch64.so.1" },
  "darwin-x64": { os: "darwin", arch: "x64" },
  "darwin-arm64": { os: "darwin", arch: "arm64" },
  "windows-x64": { os: "windows", arch: "x64" },
  "windows-arm64": { os: "windows", arch: "arm64" },
};

test("a release has an archive for every target of the support matrix, and SHA256SUMS", () => {
  const archives = TARGETS.map((target) => `schnitzel-${VERSION}-${target.name}.tar.gz`);
  expect(fs.readdirSync(dist).sort()).toEqual(["SHA256SUMS", ...archives].sort());
  expect(TARGETS.map((target) => target.name)).toEqual(Object.keys(EXPECTED));
  const matrix = fs.readFileSync(path.join(ROOT, "docs/support-matrix.md"), "utf8");
  expect(TARGETS.filter((target) => !matrix.includes(`| \`${target.name}\` |`))).toEqual([]);
});

test("SHA256SUMS is right for every archive, as sha256sum reads it", async () => {
  expect(await runCommand(["sha256sum", "--strict", "-c", "SHA256SUMS"], { cwd: dist })).toMatchObject({ code: 0 });
});

for (const { name, executable } of TARGETS) {
  test(`the ${name} archive holds the licence, an executable for ${name} and, where there is one, the native library`, async () => {
    const archive = path.join(dist, `schnitzel-${VERSION}-${name}.tar.gz`);
    const files = await new Bun.Archive(await Bun.file(archive).bytes()).files();
    const top = `schnitzel-${VERSION}-${name}`;
    const native = ["linux-x64", "linux-arm64"].includes(name)
      ? ["LICENSE", "libonnxruntime.so.1", "onnxruntime_binding.node"].map((file) => `${top}/native/${file}`)
      : [];
    expect([...files.keys()].sort()).toEqual([`${top}/LICENSE`, `${top}/${executable}`, ...native].sort());
    expect(platformOf(await files.get(`${top}/${executable}`)!.bytes())).toEqual(EXPECTED[name]!);
  });
}

test("install.sh installs the release of this machine, and it runs", async () => {
  const args = ["--from", dist, "--prefix", path.join(folder.path, "prefix")];
  expect(await runCommand(["/bin/sh", path.join(ROOT, "install.sh"), ...args])).toMatchObject({ code: 0 });
  const ran = await runCommand([path.join(folder.path, "prefix/bin/schnitzel"), "version", "--json"]);
  expect(JSON.parse(ran.stdout)).toMatchObject({ version: VERSION, target: hostTarget().name });
}, 30_000);

test("a build for an unknown target fails and names the known ones", () => {
  expect(() => build("--target=linux-riscv64")).toThrow(/"linux-riscv64": not a known target.*linux-arm64-musl/);
});

test("a release of which one target fails has no SHA256SUMS, an older one included", async () => {
  using project = temporaryFolder();
  for (const part of ["scripts", "src", "package.json", "bun.lock", "LICENSE"]) {
    fs.cpSync(path.join(ROOT, part), path.join(project.path, part), { recursive: true });
  }
  fs.mkdirSync(path.join(project.path, "dist"));
  fs.writeFileSync(path.join(project.path, "dist/SHA256SUMS"), "of an older release\n");
  fs.symlinkSync(path.join(ROOT, "node_modules"), path.join(project.path, "node_modules"));
  // No target can be built.
  fs.rmSync(path.join(project.path, "src/main.ts"));
  const ran = await runCommand([process.execPath, "scripts/build.ts", "--all"], { cwd: project.path });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("8 of 8 targets failed; no SHA256SUMS");
  expect(fs.readdirSync(path.join(project.path, "dist"))).toEqual([]);
});
