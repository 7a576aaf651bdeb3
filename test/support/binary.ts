import * as fs from "node:fs";
import * as path from "node:path";

export const ROOT = path.resolve(import.meta.dir, "../..");

/**
 * Path of the standalone binary for this machine: `SCHNITZEL_BINARY` (the test runner builds it once and
 * sets that), else `./schnitzel`, built first when it is missing or older than a source file.
 */
export function binary(): string {
  const given = process.env.SCHNITZEL_BINARY;
  if (given) return given;
  const file = path.join(ROOT, process.platform === "win32" ? "schnitzel.exe" : "schnitzel");
  if (!isFresh(file)) build();
  return file;
}

/** Builds a binary with `bun run build`'s script; throws with its output when that fails. */
export function build(...args: string[]): void {
  const built = Bun.spawnSync([process.execPath, path.join(ROOT, "scripts/build.ts"), ...args], { stderr: "pipe" });
  if (!built.success) throw new Error(`Cannot build the binary for the tests:\n${built.stdout}${built.stderr}`);
}

function isFresh(file: string): boolean {
  if (!fs.existsSync(file)) return false;
  const builtMs = fs.statSync(file).mtimeMs;
  const sources = [
    ...new Bun.Glob("src/**/*").scanSync({ cwd: ROOT }),
    "package.json",
    "bun.lock",
    "scripts/compile.ts",
  ];
  return sources.every((source) => fs.statSync(path.join(ROOT, source)).mtimeMs <= builtMs);
}

export interface RunOptions {
  cwd?: string;
  /** Text on standard input; left out means an empty one. */
  stdin?: string;
  /** Added to (or, with `undefined`, taken from) the environment of the tests. */
  env?: Record<string, string | undefined>;
  /** When it passes the program is killed and `run` throws: a test that hangs says where. */
  timeoutMs?: number;
}

export interface Ran {
  /** Exit code; 128 + number when a signal ended it, as a shell says it. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the standalone binary to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return runCommand([binary(), ...args], options);
}

/** Runs any program to its end. */
export async function runCommand(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { cwd, stdin = "", env = {}, timeoutMs = 30_000 } = options;
  const startedMs = performance.now();
  const child = Bun.spawn([...command], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  // One that ends so by itself has done it earlier.
  if (child.signalCode === "SIGKILL" && performance.now() - startedMs >= timeoutMs) {
    throw new Error(`Killed after ${timeoutMs} ms: ${command.join(" ")}\n${stdout}\n${stderr}`);
  }
  return { code, stdout, stderr };
}
