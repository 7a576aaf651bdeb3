/**
 * Builds standalone binaries of `src/main.ts`.
 *
 *   bun run build                                 ./schnitzel for this machine
 *   bun run build --target=linux-arm64            dist/schnitzel-linux-arm64
 *   bun run build --target=linux-arm64 --outfile=FILE
 *   bun run build --slim                          ./schnitzel-slim: without ffmpeg, for machines that have one
 *   bun run build --embed-ffmpeg=FILE             with this ffmpeg inside in place of the one the project builds
 *   bun run build --all [--dist=DIR]              a release archive for every target, and SHA256SUMS, in dist/
 *   bun run build --all --embed-ffmpeg=darwin-arm64=FILE   also for a target that would get none; repeatable
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import type { AssetOptions } from "./assets/asset.ts";
import { type BuildInfo, buildInfo, compile, ROOT, VERSION } from "./compile.ts";
import { nativeFiles } from "./native.ts";
import { tarGz } from "./tar.ts";
import { hostTarget, TARGETS, type Target, targetNamed } from "./targets.ts";

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    target: { type: "string" },
    outfile: { type: "string" },
    slim: { type: "boolean", default: false },
    "embed-ffmpeg": { type: "string", multiple: true, default: [] },
    dist: { type: "string", default: path.join(ROOT, "dist") },
  },
});

try {
  await (values.all ? buildAll(values.dist) : buildOne());
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}

async function buildOne() {
  const target = values.target === undefined ? hostTarget() : targetNamed(values.target);
  const name = values.slim ? "schnitzel-slim" : "schnitzel";
  const usual =
    values.target === undefined
      ? path.join(ROOT, target.executable.replace("schnitzel", name))
      : path.join(values.dist, target.executable.replace("schnitzel", `${name}-${target.name}`));
  const outfile = path.resolve(values.outfile ?? usual);
  fs.mkdirSync(path.dirname(outfile), { recursive: true });
  replaceFile(outfile, await compile(target, buildInfo(), optionsFor(target)), 0o755);
  console.log(`built ${outfile} (${target.name})`);
}

/** `--embed-ffmpeg=FILE` is for the one target that is built, `TARGET=FILE` for that one of a release. */
function optionsFor(target: Target): AssetOptions {
  const given = values["embed-ffmpeg"].map((value) => {
    const [, name = "", file = ""] = /^([\w-]+)=(.+)$/.exec(value) ?? ["", target.name, value];
    if (values.all && file === value) {
      throw new Error(`Cannot embed "${value}" into a release: say for which target, as --embed-ffmpeg=TARGET=FILE`);
    }
    return { target: targetNamed(name), file: path.resolve(file) };
  });
  const missing = given.find(({ file }) => !fs.existsSync(file));
  if (missing !== undefined) throw new Error(`Cannot embed ${missing.file}: there is no such file`);
  return { slim: values.slim, ffmpeg: given.find((one) => one.target.name === target.name)?.file };
}

/** All or nothing: without every archive there is no `SHA256SUMS`, so a half release cannot be published. */
async function buildAll(dist: string) {
  fs.mkdirSync(dist, { recursive: true });
  const info = buildInfo();
  const sums: string[] = [];
  const failures: string[] = [];
  fs.rmSync(path.join(dist, "SHA256SUMS"), { force: true });
  for (const target of TARGETS) {
    try {
      sums.push(await archive(target, info, dist));
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  if (failures.length > 0) {
    throw new Error(`${failures.length} of ${TARGETS.length} targets failed; no SHA256SUMS:\n${failures.join("\n")}`);
  }
  replaceFile(path.join(dist, "SHA256SUMS"), Buffer.from(sums.join("")), 0o644);
  console.log(`built ${TARGETS.length} archives and SHA256SUMS in ${dist}`);
}

/** Writes one release archive; gives its line of `SHA256SUMS`. */
async function archive(target: Target, info: BuildInfo, dist: string): Promise<string> {
  const name = `schnitzel-${VERSION}-${target.name}`;
  const text = (file: string) => Bun.file(path.join(ROOT, file)).bytes();
  const native = await nativeFiles(target);
  const bytes = tarGz(
    [
      { path: `${name}/${target.executable}`, mode: 0o755, bytes: await compile(target, info, optionsFor(target)) },
      { path: `${name}/LICENSE`, mode: 0o644, bytes: await text("LICENSE") },
      ...native.map((file) => ({ ...file, path: `${name}/${file.path}` })),
    ],
    info.commitSec,
  );
  replaceFile(path.join(dist, `${name}.tar.gz`), bytes, 0o644);
  console.log(`built ${name}.tar.gz (${(bytes.length / 1e6).toFixed(1)} MB)`);
  return `${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}  ${name}.tar.gz\n`;
}

/** By rename, so that a binary which is running right now can be replaced, and none is seen half written. */
function replaceFile(file: string, bytes: Uint8Array, mode: number) {
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, bytes, { mode });
  fs.renameSync(temporary, file);
}
