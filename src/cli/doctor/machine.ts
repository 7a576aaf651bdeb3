import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { isatty } from "node:tty";
import { homeFolder, type OsPaths, osPaths } from "../paths.ts";
import type { Terminal } from "../terminal.ts";

/** What doctor looks at, gathered, so its judgement can be tested without the machine. */
export interface Machine {
  platform: string;
  arch: string;
  /** `glibc 2.36`, `musl`, or undefined outside Linux. */
  libc: string | undefined;
  paths: OsPaths;
  /** Whether files can be made there, now or after making the folder. */
  canWrite(folder: string): boolean;
  /** Bytes free where the folder is or would be; undefined when the system does not say. */
  freeBytes(folder: string): number | undefined;
  tmp: string;
  /** Soft limit of open files; undefined where there is none. */
  openFiles: number | undefined;
  terminals: readonly string[];
  nowMs: number;
  env: Readonly<Record<string, string | undefined>>;
}

/** This machine. */
export function thisMachine({ env }: Terminal): Machine {
  const { platform, arch } = process;
  const isRoot = process.getuid?.() === 0;
  return {
    platform,
    arch,
    libc: libc(),
    paths: osPaths({ platform, env, home: homeFolder(), isRoot }),
    canWrite,
    freeBytes,
    tmp: os.tmpdir(),
    openFiles: openFiles(),
    terminals: ["stdin", "stdout", "stderr"].filter((_, descriptor) => isatty(descriptor)),
    nowMs: Date.now(),
    env,
  };
}

function libc(): string | undefined {
  if (process.platform !== "linux") return undefined;
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const glibc = report?.header?.glibcVersionRuntime;
  return glibc === undefined ? "musl" : `glibc ${glibc}`;
}

/** The folder itself or, when it is not there yet, the nearest one above it that is. */
function nearest(folder: string): string {
  const above = path.dirname(folder);
  return fs.existsSync(folder) || above === folder ? folder : nearest(above);
}

function canWrite(folder: string): boolean {
  const place = nearest(folder);
  try {
    fs.accessSync(place, fs.constants.W_OK | fs.constants.X_OK);
    return fs.statSync(place).isDirectory();
  } catch {
    return false;
  }
}

function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = fs.statfsSync(nearest(folder));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Asked of a shell: Bun raises its own limit at start, and what a service gets is what counts. */
function openFiles(): number | undefined {
  // By its path: PATH may be anything. Windows and images without a shell have none.
  if (!fs.existsSync("/bin/sh")) return undefined;
  const { success, stdout } = Bun.spawnSync(["/bin/sh", "-c", "ulimit -n"]);
  const limit = Number(stdout.toString());
  return success && Number.isFinite(limit) ? limit : undefined;
}
