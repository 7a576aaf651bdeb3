import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { temporaryFolder } from "../support/folder.ts";
import { needs } from "../support/part.ts";
import { addRelease, install, installed, makeKey, program, serve, sign, toolbox } from "./release.ts";

const linux = { uname: "case $1 in -s) echo Linux ;; -m) echo x86_64 ;; esac", ldd: "echo 'ldd (GNU libc) 2.36'" };

/** A home with schnitzel 0.0.9 in it: whatever is refused must leave that one alone. */
function setup() {
  const folder = temporaryFolder();
  const [home, release] = [path.join(folder.path, "home"), path.join(folder.path, "release")];
  const old = path.join(home, ".local/bin/schnitzel");
  fs.mkdirSync(path.dirname(old), { recursive: true });
  fs.mkdirSync(release);
  fs.writeFileSync(old, program("0.0.9"), { mode: 0o755 });
  return {
    home,
    release,
    folder: folder.path,
    sums: path.join(release, "SHA256SUMS"),
    box: (...extra: string[]) => toolbox(folder.path, extra, linux),
    expectUntouched() {
      expect(fs.readFileSync(old, "utf8")).toBe(program("0.0.9"));
      expect(installed(home)).toEqual(["schnitzel"]);
    },
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

test("install.sh refuses an archive that was tampered with and names both checksums", async () => {
  using place = setup();
  const archive = addRelease(place.release);
  const [sum] = fs.readFileSync(place.sums, "utf8").split(" ");
  fs.appendFileSync(archive, "x");
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(`SHA256SUMS says ${sum}`) });
  place.expectUntouched();
});

needs("minisign")("install.sh refuses checksums signed with a forged key", async () => {
  using place = setup();
  addRelease(place.release);
  const owner = await makeKey(place.folder, "owner");
  await makeKey(place.folder, "forger");
  await sign(place.release, place.folder, "forger");
  const args = ["--from", place.release, "--pubkey", owner];
  const ran = await install({ home: place.home, path: place.box("minisign"), args });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(`not signed by the key ${owner}`) });
  place.expectUntouched();
});

needs("minisign")("install.sh refuses checksums that changed after they were signed", async () => {
  using place = setup();
  addRelease(place.release);
  const owner = await makeKey(place.folder, "owner");
  await sign(place.release, place.folder, "owner");
  fs.rmSync(place.sums);
  addRelease(place.release, { content: program("evil") });
  const args = ["--from", place.release, "--pubkey", owner];
  const ran = await install({ home: place.home, path: place.box("minisign"), args });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("refused: SHA256SUMS is not signed") });
  place.expectUntouched();
});

test("install.sh refuses an unsigned release when a public key is configured, with or without minisign", async () => {
  using place = setup();
  addRelease(place.release);
  const env = { SCHNITZEL_PUBKEY: "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3" };
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release], env });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("no readable SHA256SUMS.minisig") });
  place.expectUntouched();
});

test("install.sh refuses an archive that has no checksum line", async () => {
  using place = setup();
  addRelease(place.release, { platform: "linux-x64" });
  fs.rmSync(place.sums);
  addRelease(place.release, { platform: "linux-x64-musl" });
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("has no checksum for schnitzel-<version>-linux-x64.tar.gz");
  place.expectUntouched();
});

for (const [what, line] of [
  ["a checksum that is too short", "abc123  schnitzel-0.1.0-linux-x64.tar.gz"],
  ["a checksum that is no number", `${"z".repeat(64)}  schnitzel-0.1.0-linux-x64.tar.gz`],
  ["a name that leads out of the folder", `${"0".repeat(64)}  schnitzel-/../../x-linux-x64.tar.gz`],
] as const) {
  test(`install.sh refuses a SHA256SUMS with ${what}`, async () => {
    using place = setup();
    addRelease(place.release);
    fs.writeFileSync(place.sums, `${line}\n`);
    const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("refused: SHA256SUMS") });
    place.expectUntouched();
  });
}

test("install.sh refuses a folder without SHA256SUMS", async () => {
  using place = setup();
  addRelease(place.release);
  fs.rmSync(place.sums);
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
  expect(ran).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`cannot get SHA256SUMS from ${place.release}`),
  });
  place.expectUntouched();
});

test("install.sh refuses an archive without the executable", async () => {
  using place = setup();
  addRelease(place.release, { platform: "linux-arm64" });
  const other = path.join(place.release, "schnitzel-0.1.0-linux-arm64.tar.gz");
  fs.renameSync(other, path.join(place.release, "schnitzel-0.1.0-linux-x64.tar.gz"));
  fs.writeFileSync(place.sums, fs.readFileSync(place.sums, "utf8").replace("arm64", "x64"));
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot unpack") });
  place.expectUntouched();
});

for (const [what, content] of [
  ["an empty executable, which a shell runs as a script without a fault", ""],
  ["an executable that is another program", "#!/bin/sh\necho something else\n"],
] as const) {
  test(`install.sh refuses ${what}`, async () => {
    using place = setup();
    addRelease(place.release, { content });
    const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("is no schnitzel, nothing was changed") });
    place.expectUntouched();
  });
}

test("install.sh refuses a folder in the executable's place, instead of putting it inside", async () => {
  using place = setup();
  addRelease(place.release);
  const prefix = path.join(place.folder, "taken");
  fs.mkdirSync(path.join(prefix, "bin/schnitzel"), { recursive: true });
  const args = ["--from", place.release, "--prefix", prefix];
  const ran = await install({ home: place.home, path: place.box(), args });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("bin/schnitzel is a folder") });
  expect(fs.readdirSync(path.join(prefix, "bin"))).toEqual(["schnitzel"]);
  expect(fs.readdirSync(path.join(prefix, "bin/schnitzel"))).toEqual([]);
});

test("install.sh keeps the old executable when the new one does not start", async () => {
  using place = setup();
  addRelease(place.release, { content: "#!/bin/sh\necho wrong libc >&2; exit 127\n" });
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
  expect(ran.stderr).toContain("does not start on this machine, nothing was changed: wrong libc");
  expect(ran.code).toBe(1);
  place.expectUntouched();
});

for (const downloader of ["curl", "wget"] as const) {
  needs(downloader)(`install.sh says which file the server lacks (${downloader})`, async () => {
    using place = setup();
    using server = serve(place.release);
    const env = { SCHNITZEL_BASE_URL: server.url };
    const ran = await install({ home: place.home, path: place.box(downloader), env });
    expect(ran.stderr).toContain(`cannot get SHA256SUMS from ${server.url}`);
    expect(ran.stderr).toContain("404");
    expect(ran.code).toBe(1);
    expect(server.asked).toEqual(["SHA256SUMS"]);
    place.expectUntouched();
  });

  needs(downloader)(`install.sh refuses a download that breaks off (${downloader})`, async () => {
    using place = setup();
    const archive = addRelease(place.release);
    using server = breakingServer(place.sums, archive);
    const env = { SCHNITZEL_BASE_URL: server.url };
    const ran = await install({ home: place.home, path: place.box(downloader), env });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot get schnitzel-0.1.0-linux-x64") });
    place.expectUntouched();
  });
}

needs("curl")("install.sh says when no server answers", async () => {
  using place = setup();
  const env = { SCHNITZEL_BASE_URL: "http://127.0.0.1:1" };
  const ran = await install({ home: place.home, path: place.box("curl"), env });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot get SHA256SUMS") });
});

test("install.sh refuses an archive that a server cut short without saying so", async () => {
  using place = setup();
  const archive = addRelease(place.release);
  fs.truncateSync(archive, 100);
  const ran = await install({ home: place.home, path: place.box(), args: ["--from", place.release] });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("damaged or was tampered with") });
  place.expectUntouched();
});

test("install.sh without a release address says what to do", async () => {
  using place = setup();
  const ran = await install({ home: place.home, path: place.box() });
  expect(ran.code).toBe(2);
  for (const way of ["SCHNITZEL_BASE_URL", "--from DIR", "--from-source"]) expect(ran.stderr).toContain(way);
});

test("install.sh names a missing downloader", async () => {
  using place = setup();
  const ran = await install({ home: place.home, path: place.box(), env: { SCHNITZEL_BASE_URL: "http://127.0.0.1:1" } });
  expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining("curl or wget is needed") });
});

for (const [kernel, machine, bits] of [
  ["FreeBSD", "amd64", "64"],
  ["Linux", "riscv64", "64"],
  ["MINGW64_NT-10.0", "x86_64", "64"],
  ["Linux", "aarch64", "32"],
] as const) {
  test(`install.sh refuses ${kernel} ${machine} with ${bits} bits before it writes anything`, async () => {
    using place = setup();
    addRelease(place.release);
    const uname = `case $1 in -s) echo ${kernel} ;; -m) echo ${machine} ;; esac`;
    const PATH = toolbox(place.folder, [], { uname, getconf: `echo ${bits}` });
    const ran = await install({ home: place.home, path: PATH, args: ["--from", place.release] });
    expect(ran).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("no release for") });
    place.expectUntouched();
  });
}

for (const args of [["--form", "x"], ["--prefix"], ["--from", ""]]) {
  test(`install.sh refuses the arguments ${JSON.stringify(args)}`, async () => {
    using place = setup();
    expect(await install({ home: place.home, args })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--help"),
    });
  });
}

test("install.sh without HOME asks for --prefix", async () => {
  using place = setup();
  const ran = await install({ home: place.home, env: { HOME: "" }, args: ["--from", place.release] });
  expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining("--prefix DIR") });
});

/** Serves the checksums whole, and of the archive the first half of what its Content-Length promises. */
function breakingServer(sums: string, archive: string) {
  const respond = (body: Buffer, promised: number) =>
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${promised}\r\n\r\n`), body]);
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (request) => {
      const bytes = fs.readFileSync(String(request).includes("SHA256SUMS") ? sums : archive);
      const whole = String(request).includes("SHA256SUMS");
      socket.end(respond(whole ? bytes : bytes.subarray(0, bytes.length / 2), bytes.length));
    });
  });
  server.listen(0, "127.0.0.1");
  const { port } = server.address() as net.AddressInfo;
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => void server.close() };
}

needs("mount")("install.sh names a full disk and keeps the old executable", async () => {
  using place = setup();
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("hex");
  addRelease(place.release, { content: `${program("0.2.0")}exit\n${noise}` });
  const target = path.join(place.folder, "full");
  fs.mkdirSync(target);
  // 64 KiB of disk for 120 kB of executable; what is left there afterwards is listed from inside.
  const mount = `mount -t tmpfs -o size=64k tmpfs '${target}' && mkdir '${target}/bin' && echo old >'${target}/bin/schnitzel'
    report() { echo "left: $(ls -A '${target}/bin') $(cat '${target}/bin/schnitzel')"; }`;
  const args = ["--from", place.release, "--prefix", target];
  const ran = await install({ home: place.home, path: "/usr/bin:/bin", args, mount });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("cannot unpack");
  expect(ran.stderr).toContain("which has 0 kB free");
  expect(ran.stdout).toContain("left: schnitzel old");
});

needs("mount")("install.sh names a read-only target before it downloads anything", async () => {
  using place = setup();
  addRelease(place.release);
  using server = serve(place.release);
  const target = path.join(place.folder, "locked");
  fs.mkdirSync(target);
  const mount = `mount -t tmpfs -o ro tmpfs '${target}' || exit 99`;
  const env = { SCHNITZEL_BASE_URL: server.url };
  const ran = await install({ home: place.home, args: ["--prefix", target], env, mount });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(`cannot make ${target}/bin`) });
  expect(server.asked).toEqual([]);
});
