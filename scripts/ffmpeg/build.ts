/**
 * Builds the ffmpeg that the binary embeds.
 *
 *   bun scripts/ffmpeg/build.ts [TARGET]     linux-x64 or linux-arm64; prints the folder it lies in
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { CannotMake } from "../assets/asset.ts";
import { BUILD_CACHE } from "../assets/make.ts";
import { hostTarget, type Target, targetNamed } from "../targets.ts";
import { type Compiler, compileFfmpeg, type Sources } from "./compile.ts";
import { getSources } from "./source.ts";

/** What decides the result; a change of one is another ffmpeg. */
export const RECIPE = ["scripts/ffmpeg/compile.ts", "scripts/ffmpeg/parts.ts"];

/** A machine that could not build it an hour ago is not asked again at every build. */
const RETRY_MS = 60 * 60 * 1_000;

const NEEDS = ["apt-get", "dpkg-source", "make", "patch", "xz"];

type Toolchain = Compiler & { readonly needs: readonly string[] };

/** glibc's targets; musl and other systems take a toolchain that Debian has not. */
export const hasRecipe = ({ name }: Target) => name === "linux-x64" || name === "linux-arm64";

function toolchainFor({ name }: Target): Toolchain {
  const onArm = process.arch === "arm64";
  if (name === "linux-x64" && !onArm) return { arch: "x86_64", prefix: "", needs: ["gcc", "nasm"] };
  if (name === "linux-arm64" && onArm) return { arch: "aarch64", prefix: "", needs: ["gcc"] };
  if (name !== "linux-arm64") throw new CannotMake(`the project builds no ffmpeg for ${name} on ${process.arch}`);
  return { arch: "aarch64", prefix: "aarch64-linux-gnu-", needs: ["aarch64-linux-gnu-gcc"] };
}

/** What is missing here to build it; nothing where it was built before. */
function missingFor(target: Target): string[] {
  if (fs.existsSync(path.join(folderFor(target), "ffmpeg"))) return [];
  return [...NEEDS, ...toolchainFor(target).needs].filter((tool) => Bun.which(tool) === null);
}

/** Whether a build for `target` gets one here, as far as tools go; a mirror may still be out of reach. */
export const canBuildFfmpeg = (target: Target) => hasRecipe(target) && missingFor(target).length === 0;

const folderFor = ({ name }: Target) => path.join(BUILD_CACHE, "ffmpeg", `${recipeHash()}-${name}`);

/**
 * A folder with `ffmpeg`, `sources.json` and the licence texts, made for `target` from Debian's sources: two to three
 * minutes once, then kept outside the tree under the hash of the recipe.
 */
export async function builtFfmpeg(target: Target): Promise<string> {
  const folder = folderFor(target);
  if (fs.existsSync(path.join(folder, "ffmpeg"))) return folder;
  const missing = missingFor(target);
  if (missing.length > 0) throw new CannotMake(`building it takes ${missing.join(", ")}, not found here`);
  const failure = `${folder}.failed`;
  if (fs.existsSync(failure) && fs.statSync(failure).mtimeMs > Date.now() - RETRY_MS) {
    throw new CannotMake(`${fs.readFileSync(failure, "utf8")} (tried within the hour; delete ${failure} to try again)`);
  }
  await build(toolchainFor(target), folder, failure);
  return folder;
}

function recipeHash(): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const file of RECIPE) hasher.update(fs.readFileSync(path.join(import.meta.dir, "../..", file)));
  return hasher.digest("hex").slice(0, 16);
}

async function build(tools: Toolchain, folder: string, failure: string) {
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-ffmpeg-"));
  const finished = `${folder}.${process.pid}.tmp`;
  console.error(`building ffmpeg for ${tools.arch} from Debian's sources, once: two to three minutes on two cores`);
  try {
    const [zlib, mbedtls, ffmpeg] = await getSources(["zlib", "mbedtls", "ffmpeg"], work);
    const made = await compileFfmpeg(tools, { zlib, mbedtls, ffmpeg } as Sources, work);
    fs.cpSync(made, finished, { recursive: true });
    fs.rmSync(folder, { recursive: true, force: true });
    fs.renameSync(finished, folder);
  } catch (error) {
    fs.writeFileSync(failure, (error as Error).message);
    // schnitzel is built all the same: the machine lacks something, and the message tells what.
    throw new CannotMake((error as Error).message);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
    fs.rmSync(finished, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [name] = process.argv.slice(2);
  try {
    console.log(await builtFfmpeg(name === undefined ? hostTarget() : targetNamed(name)));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
