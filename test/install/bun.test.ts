import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { packageManager } from "../../package.json";
import { ROOT, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { toolbox } from "./release.ts";

const PINNED = packageManager.replace("bun@", "");

/** A stand-in for an executable of Bun: says its version, and notes in `installed` that it was asked to install. */
const fakeBun = (version: string) =>
  `case $1 in --version) echo ${version} ;; install) echo "$0 $*" >installed ;; esac`;

/** A checkout with nothing but what bun.sh reads, and a PATH of the basic tools and `fakes`. */
function setup(fakes: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const project = path.join(folder.path, "project");
  fs.mkdirSync(path.join(project, "scripts"), { recursive: true });
  for (const file of ["package.json", "scripts/bun.sh"])
    fs.copyFileSync(path.join(ROOT, file), path.join(project, file));
  const bin = toolbox(folder.path, [], fakes);
  return {
    bin,
    project,
    /** Puts an executable into the project's own toolchain. */
    toolchain(file: string, script: string) {
      const full = path.join(project, ".toolchain/node_modules", file);
      fs.mkdirSync(path.dirname(full), { recursive: true });
      fs.writeFileSync(full, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return full;
    },
    run: () => runCommand(["/bin/sh", path.join(project, "scripts/bun.sh")], { env: { PATH: bin } }),
    installed: () => fs.readFileSync(path.join(project, "installed"), "utf8"),
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

for (const version of [PINNED, "1.10.0", "2.0.0", "1.99.0-canary.1"]) {
  test(`bun.sh takes bun ${version} from PATH and installs the packages with it, without their scripts`, async () => {
    using place = setup({ bun: fakeBun(version) });
    const file = path.join(place.bin, "bun");
    expect(await place.run()).toMatchObject({ code: 0, stdout: `${file}\n` });
    expect(place.installed()).toBe(`${file} install --frozen-lockfile --ignore-scripts\n`);
  });
}

for (const [what, script] of [
  ["older than the pinned one", fakeBun("1.4.4")],
  ["far older", fakeBun("1.0.36")],
  ["a stub that cannot run", "echo postinstall did not run >&2; exit 1"],
] as const) {
  test(`bun.sh passes over a bun on PATH that is ${what}`, async () => {
    using place = setup({ bun: script });
    const own = place.toolchain("bun/bin/bun.exe", fakeBun(PINNED));
    expect(await place.run()).toMatchObject({ code: 0, stdout: `${own}\n` });
  });
}

test("bun.sh takes the platform's executable when npm ran no install script", async () => {
  using place = setup();
  place.toolchain("bun/bin/bun.exe", "echo install script did not run >&2; exit 1");
  place.toolchain("@oven/bun-linux-x64/bin/bun", "kill -ILL $$");
  const musl = place.toolchain("@oven/bun-linux-x64-musl/bin/bun", fakeBun(PINNED));
  expect(await place.run()).toMatchObject({ code: 0, stdout: `${musl}\n` });
});

test("bun.sh installs the pinned bun with npm when there is none", async () => {
  const npm = `
    case "$*" in *bun@${PINNED}*) ;; *) exit 9 ;; esac
    mkdir -p "$3/node_modules/bun/bin" && cp "$3/../bun" "$3/node_modules/bun/bin/bun.exe"`;
  using place = setup({ npm });
  fs.writeFileSync(path.join(place.project, "bun"), `#!/bin/sh\n${fakeBun(PINNED)}\n`, { mode: 0o755 });
  const { code, stdout, stderr } = await place.run();
  expect(stderr).toContain(`installing bun ${PINNED} into ${place.project}/.toolchain with npm`);
  expect(stdout).toBe(`${place.project}/.toolchain/node_modules/bun/bin/bun.exe\n`);
  expect(code).toBe(0);
});

test("bun.sh says when npm cannot install, and when it installed nothing that runs", async () => {
  using refused = setup({ npm: "echo no network >&2; exit 1" });
  const first = await refused.run();
  expect(first.stderr).toContain(`npm could not install bun@${PINNED}`);
  expect(first.code).toBe(3);
  using empty = setup({ npm: "exit 0" });
  const second = await empty.run();
  expect(second.stderr).toContain("none of its executables runs on this machine");
  expect(second.code).toBe(3);
});

test("bun.sh without bun and npm says what to install", async () => {
  using place = setup();
  const { code, stdout, stderr } = await place.run();
  expect(stderr).toContain(`no bun >= ${PINNED} on PATH and no npm`);
  expect([code, stdout]).toEqual([3, ""]);
});

test("bun.sh fails when the packages cannot be installed", async () => {
  using place = setup({ bun: `[ "$1" = --version ] && echo ${PINNED}` });
  const { code, stdout, stderr } = await place.run();
  expect(stderr).toContain("bun install failed");
  expect([code, stdout]).toEqual([3, ""]);
});
