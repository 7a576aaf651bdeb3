import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { version } from "../package.json";
import type { AssetOptions } from "./assets/asset.ts";
import { layForSources, writeEmbedding } from "./assets/embed.ts";
import { assetsFor } from "./assets.ts";
import { hostTarget, type Target } from "./targets.ts";

export const ROOT = path.resolve(import.meta.dir, "..");
export const VERSION = version;

/** What a binary knows about its own making; `schnitzel version --json` prints it. */
export interface BuildInfo {
  /** 12 hex digits, `-dirty` when tracked files differ from it, or `unknown` outside a checkout. */
  readonly commit: string;
  /** Time of the commit, not of the build: two builds of one commit are the same bytes. Unix seconds. */
  readonly commitSec: number;
}

export function buildInfo(): BuildInfo {
  const commit = git("rev-parse", "--short=12", "HEAD");
  if (commit === undefined) return { commit: "unknown", commitSec: 0 };
  const dirty = git("status", "--porcelain", "--untracked-files=no") !== "";
  return {
    commit: dirty ? `${commit}-dirty` : commit,
    commitSec: Number(git("log", "-1", "--format=%ct")),
  };
}

function git(...args: string[]): string | undefined {
  // `safe.directory`: in a container the checkout often belongs to another user than the one who builds.
  // A source archive unpacked inside some other checkout must not report that one's commit.
  if (!fs.existsSync(path.join(ROOT, ".git")) || Bun.which("git") === null) return undefined;
  const run = Bun.spawnSync(["git", "-c", `safe.directory=${ROOT}`, "-C", ROOT, ...args], { stderr: "ignore" });
  return run.success ? run.stdout.toString().trim() : undefined;
}

/**
 * Compiles `src/main.ts` for `target`, with the files of scripts/assets.ts in it, and gives the executable's bytes.
 *
 * `autoload-*` is off because a standalone Bun executable otherwise obeys the `.env` and the `preload` of a
 * `bunfig.toml` in whatever folder it is started in. Bytecode: see docs/decisions/0001.
 */
export async function compile(
  target: Target,
  info: BuildInfo,
  options: AssetOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const assets = await assetsFor(target, options);
  if (target.name === hostTarget().name && !options.slim) layForSources(assets);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-build-"));
  try {
    // The executable embeds its own file name, so that is always the same.
    const outfile = path.join(folder, target.executable);
    const args = ["build", "--compile", ...FLAGS, `--target=bun-${target.name}`, ...defines(target, info)];
    await run([process.execPath, ...args, `--outfile=${outfile}`, ...ENTRIES, writeEmbedding(assets)], target);
    return await Bun.file(outfile).bytes();
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** `main.ts` first; each of the others is the code of a thread, found by its path below `src`. */
const ENTRIES = ["src/main.ts", "src/store/worker.ts", "src/inference/worker.ts"];

const FLAGS = [
  "--root=src",
  "--asset-naming=[name].[ext]", // embeddedFile() asks by name
  "--minify",
  "--sourcemap=inline", // stack traces name our files and lines; costs 1 % of size and no start-up time
  "--bytecode",
  "--format=esm", // bytecode defaults to cjs, which has no top-level await
  "--splitting", // a command loads only what it imports
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-dotenv",
];

/** Constants read with a `typeof` guard, so that the sources also run unbuilt. */
function defines(target: Target, { commit, commitSec }: BuildInfo): string[] {
  const constants = {
    SCHNITZEL_COMMIT: commit,
    SCHNITZEL_COMMIT_DATE: new Date(commitSec * 1_000).toISOString(),
    SCHNITZEL_TARGET: target.name,
  };
  return Object.entries(constants).flatMap(([name, value]) => ["--define", `${name}=${JSON.stringify(value)}`]);
}

/** As in bun.sh: behind a company's TLS proxy only the system's list knows who signed the registry's key. */
const SYSTEM_AUTHORITIES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];

async function run(command: string[], target: Target) {
  // Bun fetches the runtime of another platform from the package registry and keeps it in its own cache.
  const env = { NODE_EXTRA_CA_CERTS: SYSTEM_AUTHORITIES.find((file) => fs.existsSync(file)), ...process.env };
  const child = Bun.spawn(command, { cwd: ROOT, env, stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`Cannot build ${target.name}: bun build exited with ${code}\n${out}${err}`);
}
