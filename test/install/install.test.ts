import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { needs } from "../support/part.ts";
import { addRelease, install, installed, makeKey, program, serve, sign, toolbox } from "./release.ts";

const linux = { uname: "case $1 in -s) echo Linux ;; -m) echo x86_64 ;; esac", ldd: "echo 'ldd (GNU libc) 2.36'" };

function setup() {
  const folder = temporaryFolder();
  const [home, release] = [path.join(folder.path, "home"), path.join(folder.path, "release")];
  fs.mkdirSync(home);
  fs.mkdirSync(release);
  const box = (...extra: string[]) => toolbox(folder.path, extra, linux);
  return { home, release, folder: folder.path, box, [Symbol.dispose]: folder[Symbol.dispose] };
}

for (const downloader of ["curl", "wget"] as const) {
  needs(downloader)(`install.sh installs a release over HTTP with ${downloader} and says what it did`, async () => {
    using place = setup();
    addRelease(place.release);
    using server = serve(place.release);
    const ran = await install({
      home: place.home,
      path: place.box(downloader),
      env: { SCHNITZEL_BASE_URL: server.url },
    });
    expect(ran).toMatchObject({ code: 0 });
    const file = path.join(place.home, ".local/bin/schnitzel");
    expect(fs.readFileSync(file, "utf8")).toBe(program("0.1.0"));
    expect(fs.statSync(file).mode & 0o777).toBe(0o755);
    const [sum] = fs.readFileSync(path.join(place.release, "SHA256SUMS"), "utf8").split(" ");
    expect(ran.stdout.split("\n").slice(0, 6)).toEqual([
      "install: platform linux-x64",
      "install: signature NOT verified: no public key is configured (--pubkey)",
      `install: got schnitzel-0.1.0-linux-x64.tar.gz from ${server.url}`,
      `install: SHA-256 verified: ${sum}`,
      `install: installed ${file} (schnitzel 0.1.0)`,
      `install: ${place.home}/.local/bin is not on your PATH; add it:  export PATH="${place.home}/.local/bin:$PATH"`,
    ]);
    expect(installed(place.home)).toEqual(["schnitzel"]);
  });
}

test("install.sh installs from a local folder without a downloader", async () => {
  using place = setup();
  addRelease(place.release);
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(installed(place.home)).toEqual(["schnitzel"]);
});

test("install.sh puts the library for models into lib/schnitzel, and a newer one in its place", async () => {
  using place = setup();
  const lib = path.join(place.home, ".local/lib/schnitzel");
  const from = ["--from", place.release];
  addRelease(place.release, { others: { "native/a.node": "1", "native/LICENSE": "MIT" } });
  const ran = await install({ home: place.home, path: place.box(), args: from });
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toContain(`installed ${lib}/native, by which models run faster`);
  addRelease(place.release, { version: "0.2.0", others: { "native/b.node": "2" } });
  const args = [...from, "--version", "0.2.0"];
  expect(await install({ home: place.home, path: `${place.folder}/toolbox`, args })).toMatchObject({ code: 0 });
  expect(fs.readdirSync(path.join(lib, "native"))).toEqual(["b.node"]);
  expect(fs.readdirSync(lib)).toEqual(["native"]);
});

test("install.sh installs schnitzel also when the library for models finds no place", async () => {
  using place = setup();
  fs.mkdirSync(path.join(place.home, ".local/lib"), { recursive: true });
  fs.writeFileSync(path.join(place.home, ".local/lib/schnitzel"), "in the way");
  addRelease(place.release, { others: { "native/a.node": "1" } });
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining("NOT installed: ") });
  expect(installed(place.home)).toEqual(["schnitzel"]);
});

test("install.sh --prefix installs into that folder's bin, a relative one and one with a space included", async () => {
  using place = setup();
  addRelease(place.release);
  const args = ["--from", place.release, "--prefix", "my tools"];
  expect(await install({ home: place.home, path: place.box(), args })).toMatchObject({ code: 0 });
  expect(fs.readdirSync(path.join(place.home, "my tools/bin"))).toEqual(["schnitzel"]);
  expect(installed(place.home)).toEqual([]);
});

test("install.sh says nothing of PATH when the folder is on it", async () => {
  using place = setup();
  addRelease(place.release);
  const ran = await install({
    home: place.home,
    path: `${place.box()}:${place.home}/.local/bin`,
    args: ["--from", place.release],
  });
  expect(ran.stdout).not.toContain("PATH");
});

needs("minisign")("install.sh installs a release whose signature is by the configured key", async () => {
  using place = setup();
  addRelease(place.release);
  const key = await makeKey(place.folder, "owner");
  await sign(place.release, place.folder, "owner");
  const args = ["--from", place.release, "--pubkey", key];
  const ran = await install({ home: place.home, path: place.box("minisign"), args });
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toContain(`signature of SHA256SUMS verified with minisign, key ${key}`);
});

needs("minisign")("install.sh says that a signature was not verified when minisign is absent", async () => {
  using place = setup();
  addRelease(place.release);
  const key = await makeKey(place.folder, "owner");
  await sign(place.release, place.folder, "owner");
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release, "--pubkey", key] });
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain("signature NOT verified: minisign is not installed");
});

test("install.sh takes the release that --version names when the folder holds several", async () => {
  using place = setup();
  addRelease(place.release, { version: "0.1.0" });
  addRelease(place.release, { version: "0.2.0" });
  const [from, PATH] = [["--from", place.release], place.box()];
  const unsure = await install({ home: place.home, path: PATH, args: from });
  expect(unsure).toMatchObject({ code: 2, stderr: expect.stringContaining("choose one with --version") });
  expect(await install({ home: place.home, path: PATH, args: [...from, "--version", "0.1.0"] })).toMatchObject({
    code: 0,
  });
  const file = path.join(place.home, ".local/bin/schnitzel");
  expect(fs.readFileSync(file, "utf8")).toBe(program("0.1.0"));
});

test("install.sh replaces an older schnitzel", async () => {
  using place = setup();
  const [PATH, args] = [place.box(), ["--from", place.release]];
  addRelease(place.release, { version: "0.1.0" });
  await install({ home: place.home, path: PATH, args });
  addRelease(place.release, { version: "0.2.0" });
  const ran = await install({ home: place.home, path: PATH, args: [...args, "--version", "0.2.0"] });
  expect(ran.stdout).toContain(`replaced ${place.home}/.local/bin/schnitzel (schnitzel 0.2.0)`);
  expect(installed(place.home)).toEqual(["schnitzel"]);
});

test("install.sh takes a SHA256SUMS that says the same twice", async () => {
  using place = setup();
  addRelease(place.release);
  const sums = path.join(place.release, "SHA256SUMS");
  fs.appendFileSync(sums, fs.readFileSync(sums));
  const options = { home: place.home, path: place.box(), args: ["--from", place.release] };
  expect(await install(options)).toMatchObject({ code: 0 });
});

test("install.sh run twice installs the same again", async () => {
  using place = setup();
  addRelease(place.release);
  const options = { home: place.home, path: place.box(), args: ["--from", place.release] };
  expect(await install(options)).toMatchObject({ code: 0 });
  expect(await install(options)).toMatchObject({ code: 0 });
  expect(installed(place.home)).toEqual(["schnitzel"]);
});

test("install.sh replaces a running executable, which goes on running the old one", async () => {
  using place = setup();
  addRelease(place.release, { version: "0.2.0" });
  const file = path.join(place.home, ".local/bin/schnitzel");
  fs.mkdirSync(path.dirname(file), { recursive: true });
  // A real executable: overwriting one in place while it runs would fail with "text file busy".
  fs.copyFileSync(Bun.which("sleep")!, file);
  const running = Bun.spawn([file, "60"]);
  try {
    const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(fs.readFileSync(file, "utf8")).toBe(program("0.2.0"));
    expect(running.exitCode).toBeNull();
  } finally {
    running.kill();
    await running.exited;
  }
});

const CASES = [
  { kernel: "Linux", machine: "x86_64", libc: "GNU libc", expected: "linux-x64" },
  { kernel: "Linux", machine: "aarch64", libc: "GNU libc", expected: "linux-arm64" },
  { kernel: "Linux", machine: "x86_64", libc: "musl libc (x86_64)", expected: "linux-x64-musl" },
  { kernel: "Linux", machine: "aarch64", libc: "musl libc (aarch64)", expected: "linux-arm64-musl" },
  { kernel: "Darwin", machine: "arm64", libc: "", expected: "darwin-arm64" },
  { kernel: "Darwin", machine: "x86_64", libc: "", expected: "darwin-x64" },
];

for (const { kernel, machine, libc, expected } of CASES) {
  test(`install.sh takes the ${expected} archive on ${kernel} ${machine} ${libc}`.trim(), async () => {
    using place = setup();
    for (const platform of CASES.map((one) => one.expected)) {
      addRelease(place.release, { platform, content: program(platform) });
    }
    const PATH = toolbox(place.folder, [], {
      uname: `case $1 in -s) echo ${kernel} ;; -m) echo ${machine} ;; esac`,
      ldd: `echo '${libc}' >&2`,
    });
    const ran = await install({ home: place.home, path: PATH, args: ["--from", place.release] });
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(`(schnitzel ${expected})`) });
  });
}

test("install.sh works when it comes through a pipe", async () => {
  using place = setup();
  addRelease(place.release);
  const stdin = fs.readFileSync(path.join(ROOT, "install.sh"), "utf8");
  const env = { HOME: place.home, PATH: place.box() };
  const ran = await runCommand(["/bin/sh", "-s", "--", "--from", place.release], { stdin, env, cwd: place.home });
  expect(ran).toMatchObject({ code: 0 });
  expect(installed(place.home)).toEqual(["schnitzel"]);
});

test("install.sh does nothing when a pipe cuts it short", async () => {
  using place = setup();
  addRelease(place.release);
  const whole = fs.readFileSync(path.join(ROOT, "install.sh"), "utf8");
  const stdin = whole.slice(0, whole.lastIndexOf("main"));
  const env = { HOME: place.home, PATH: place.box() };
  const ran = await runCommand(["/bin/sh", "-s", "--", "--from", place.release], { stdin, env, cwd: place.home });
  expect(ran.stdout).toBe("");
  expect(fs.readdirSync(place.home)).toEqual([]);
});

test("install.sh --help names every option and exits 0", async () => {
  using place = setup();
  const ran = await install({ home: place.home, args: ["--help"] });
  expect(ran.code).toBe(0);
  for (const option of ["--from-source", "--from DIR", "--prefix", "--version", "--pubkey"]) {
    expect(ran.stdout).toContain(option);
  }
});

for (const script of ["install.sh", "scripts/bun.sh", "scripts/test.sh", ".ci/run"]) {
  needs("dash")(`${script} is POSIX shell as dash reads it`, async () => {
    expect(await runCommand(["dash", "-n", path.join(ROOT, script)])).toMatchObject({ code: 0, stderr: "" });
  });
  needs("shellcheck")(`${script} has no finding of shellcheck`, async () => {
    expect(await runCommand(["shellcheck", path.join(ROOT, script)])).toMatchObject({ code: 0, stdout: "" });
  });
}
