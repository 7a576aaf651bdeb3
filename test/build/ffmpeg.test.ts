import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { builtFfmpeg, hasRecipe } from "../../scripts/ffmpeg/build.ts";
import { hostTarget, targetNamed } from "../../scripts/targets.ts";
import { binary, build, type Ran, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { needs } from "../support/part.ts";
import { makeClip } from "../support/video_clips.ts";
import { platformOf } from "./executable.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const GRAPH = `version: 2
nodes:
  - { id: cam, plugin: video_file, config: { path: clip.mp4 } }
  - { id: end, plugin: null_sink }
edges: [{ from: cam, to: end }]
`;

/** Runs a binary in a folder that holds a clip and a graph, with nothing of this machine but what is given. */
async function alone(file: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const cwd = fs.mkdtempSync(path.join(folder.path, "empty-"));
  makeClip(cwd, "clip.mp4");
  fs.writeFileSync(path.join(cwd, "g.yaml"), GRAPH);
  const bare = { PATH: "/nonexistent", HOME: cwd, ...env };
  const nothing = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  return runCommand([file, ...args], { cwd, env: { ...nothing, ...bare } });
}

const report = (ran: Ran) => JSON.parse(ran.stdout.trim().split("\n").at(-1)!);

/** All pictures of the clip arrived. */
const WHOLE = { status: "ok", metrics: { "node.end.consumed": 30, "packets.dropped_total": 0 } };

describe("the full binary", () => {
  needs("ffmpeg", "built_ffmpeg")(
    "decodes a clip in an empty directory, with nothing on PATH, by the ffmpeg inside",
    async () => {
      const ran = await alone(binary(), ["run", "g.yaml", "--report-json"]);
      expect(ran).toMatchObject({ code: 0 });
      expect(report(ran)).toMatchObject(WHOLE);
      const doctor = await alone(binary(), ["doctor", "--json"]);
      const check = JSON.parse(doctor.stdout).checks.find(({ name }: { name: string }) => name === "ffmpeg");
      expect(check).toMatchObject({
        status: "ok",
        detail: expect.stringMatching(/\/ffmpeg-[0-9a-f]{16}\/ffmpeg \(embedded\)/),
      });
    },
    60_000,
  );

  needs("built_ffmpeg")("prints the licence of each thing inside, and where the source of ffmpeg is", async () => {
    const { stdout } = await runCommand([binary(), "version", "--licenses"]);
    for (const text of [
      "LGPL-3.0-or-later",
      "GNU LESSER GENERAL PUBLIC LICENSE",
      "apt-get source ffmpeg",
      "scripts/ffmpeg/",
    ]) {
      expect(stdout).toContain(text);
    }
    for (const name of ["== bun ", "== hono ", "== zlib ", "== mbedtls "]) expect(stdout).toContain(name);
  });
});

describe("schnitzel-slim", () => {
  const slim = path.join(folder.path, "schnitzel-slim");
  build("--slim", `--outfile=${slim}`);

  needs("ffmpeg")("says without an ffmpeg how to get one", async () => {
    const ran = await alone(slim, ["run", "g.yaml"]);
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toMatch(
      /cannot find ffmpeg \(beside the binary: .*; PATH: it has no ffmpeg; embedded: this build has none/,
    );
    expect(ran.stderr).toMatch(/apt install ffmpeg.*SCHNITZEL_FFMPEG/);
  });

  needs("ffmpeg")("decodes with the one on PATH", async () => {
    const ran = await alone(slim, ["run", "g.yaml", "--report-json"], { PATH: "/usr/local/bin:/usr/bin:/bin" });
    expect(ran).toMatchObject({ code: 0 });
    expect(report(ran)).toMatchObject(WHOLE);
  });

  test("with --embed-ffmpeg has that file inside", async () => {
    const given = path.join(folder.path, "given");
    fs.writeFileSync(given, '#!/bin/sh\necho "ffmpeg version 9.9-given"\n', { mode: 0o755 });
    const file = path.join(folder.path, "given-schnitzel");
    build(`--embed-ffmpeg=${given}`, `--outfile=${file}`);
    const doctor = await runCommand([file, "doctor", "--json"], {
      env: { PATH: "/nonexistent", SCHNITZEL_FFMPEG: undefined, XDG_CACHE_HOME: path.join(folder.path, "cache") },
    });
    expect(doctor.stdout).toMatch(/9\.9.*\(embedded\)/);
  });
});

test("--embed-ffmpeg with a file that is not there, or of a release without a target, is refused", () => {
  expect(() => build("--embed-ffmpeg=/no/such/file")).toThrow(/Cannot embed \/no\/such\/file: there is no such file/);
  expect(() => build("--all", "--embed-ffmpeg=/bin/true")).toThrow(/say for which target/);
});

describe("the ffmpeg inside", () => {
  const inside = async () => path.join(await builtFfmpeg(hostTarget()), "ffmpeg");
  const clip = () => makeClip(fs.mkdtempSync(path.join(folder.path, "clip-")), "clip.mp4", { size: "320x240" });

  needs("ffmpeg", "built_ffmpeg")("decodes the very bytes that the system's ffmpeg does", async () => {
    const file = clip();
    const sums = async (ffmpeg: string) =>
      (await runCommand([ffmpeg, "-v", "error", "-i", file, "-f", "framemd5", "-"])).stdout.replace(/^#.*\n/gm, "");
    const expected = await sums("ffmpeg");
    expect(expected.trim().split("\n")).toHaveLength(30);
    expect(await sums(await inside())).toBe(expected);
  });

  needs(
    "ffmpeg",
    "built_ffmpeg",
    "openssl",
  )("reads by TLS, and refuses a stranger when told to check", async () => {
    const [key, cert] = [path.join(folder.path, "key.pem"), path.join(folder.path, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, ...subject];
    expect(await runCommand(["openssl", ...made])).toMatchObject({ code: 0 });
    const file = clip();
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { key: Bun.file(key), cert: Bun.file(cert) },
      fetch: () => new Response(Bun.file(file)),
    });
    const ffmpeg = await inside();
    const read = (...flags: string[]) =>
      runCommand([ffmpeg, "-v", "error", ...flags, "-i", `https://localhost:${server.port}/`, "-f", "null", "-"]);
    expect(await read()).toMatchObject({ code: 0, stderr: "" });
    expect(await read("-tls_verify", "1", "-ca_file", cert)).toMatchObject({ code: 0, stderr: "" });
    const strangers = path.join(folder.path, "strangers.pem");
    expect(
      await runCommand(["openssl", ...made.map((one) => (one === cert ? strangers : one === key ? `${key}.2` : one))]),
    ).toMatchObject({ code: 0 });
    expect((await read("-tls_verify", "1", "-ca_file", strangers)).stderr).toContain("handshake");
  });
});

needs("cross_ffmpeg")(
  "the ffmpeg for arm64 is a program of arm64's glibc, and starts there",
  async () => {
    const file = path.join(await builtFfmpeg(targetNamed("linux-arm64")), "ffmpeg");
    const header = { os: "linux", arch: "arm64", loader: "/lib/ld-linux-aarch64.so.1" };
    expect(platformOf(await Bun.file(file).bytes())).toEqual(header as ReturnType<typeof platformOf>);
    const ran = await runCommand(["qemu-aarch64-static", file, "-version"], { timeoutMs: 60_000 });
    expect(ran.stdout).toStartWith("ffmpeg version 5.");
  },
  90_000,
);

test("an ffmpeg is built for glibc's targets alone", () => {
  expect(hasRecipe(hostTarget())).toBe(!hostTarget().name.includes("musl") && process.platform === "linux");
  expect(["linux-x64-musl", "darwin-arm64", "windows-x64"].map((name) => hasRecipe(targetNamed(name)))).toEqual([
    false,
    false,
    false,
  ]);
});
