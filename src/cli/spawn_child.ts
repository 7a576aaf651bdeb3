import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Child, SpawnOptions } from "../node/index.ts";
import { childGuard, SHELL } from "./child_guard.ts";
import { keepTail } from "./keep_tail.ts";

/** Why 16 KiB: a page of messages, of a child that may print gigabytes. */
const STDERR_BYTES = 16 * 1_024;

/** For what is still in the pipe: whoever hears that it ended asks for its last words next. Then a stranger holds the pipe. */
const LAST_WORDS_MS = 1_000;

/** One input and a few sockets or segments are a dozen; a child that leaks ends itself and not the machine. */
const MAX_FILES = 256;

/**
 * Memory it may fill: 4 GiB holds 8K video of 10 bits with 16 pictures of reference and 16 threads, and is at most
 * three quarters of the machine's. What is only reserved does not count (`ulimit -d`, not `-v`), as a driver of a
 * graphics card reserves terabytes.
 */
const MAX_DATA_BYTES = Math.min(4 * 1024 ** 3, (os.totalmem() / 4) * 3);

/**
 * Runs as the child and becomes the program (`exec` keeps the process, its group and its pipes). A limit that the
 * system does not know, or that is lower already, stays as it is. No core file: it would be as big as the memory.
 */
const PRELUDE = `
ulimit -c 0 2>/dev/null || :
ulimit -n ${MAX_FILES} 2>/dev/null || :
ulimit -d ${Math.floor(MAX_DATA_BYTES / 1_024)} 2>/dev/null || :
echo "+ $$" >&3 || exit 125
exec 3>&-
exec "$@"
`;

/** See `Spawn` of `src/node/processes.ts`. */
export function spawnChild(options: SpawnOptions): Child {
  const { argv, stdin = "ignore", stderrBytes = STDERR_BYTES, env, background = false } = options;
  const { PATH = "/usr/bin:/bin", HOME = "/" } = process.env;
  const child = start(argv, stdin, { PATH, HOME, LANG: "C", ...env });
  const { pid } = child;
  childGuard.note(pid);
  if (background) giveWay(pid);
  const tail = keepTail(child.stderr, stderrBytes);
  let gone = false;
  const kill = () => {
    // Once only: later the number may be another's.
    if (!gone) killGroup(pid);
  };
  const exited = child.exited.then(async () => {
    // What it started does not outlive it.
    kill();
    gone = true;
    childGuard.forget(pid);
    await within(LAST_WORDS_MS, tail.ended);
    return { code: child.exitCode, signal: child.signalCode === null ? null : String(child.signalCode) };
  });
  const pipe = child.stdin;
  return {
    pid,
    stdout: child.stdout,
    stderrTail: tail.text,
    async write(bytes) {
      if (pipe === undefined) throw new Error(`cannot write to ${argv[0]}: it was started without stdin: "pipe"`);
      pipe.write(bytes);
      await pipe.flush();
    },
    end: () => void pipe?.end(),
    exited,
    kill,
    async stop(graceMs) {
      if (!gone) child.kill("SIGTERM");
      await within(graceMs, exited);
      kill();
      await exited;
    },
  };
}

/** What it starts, threads included, is so as well. */
function giveWay(pid: number) {
  try {
    os.setPriority(pid, os.constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It is gone already.
  }
}

/** Waits for `done`, and no longer than `ms`. */
async function within(ms: number, done: Promise<unknown>) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, done]);
  clearTimeout(timer);
}

interface Started {
  pid: number;
  stdin: Bun.FileSink | undefined;
  stdout: ReadableStream<Uint8Array>;
  stderr: ReadableStream<Uint8Array>;
  exited: Promise<number>;
  exitCode: number | null;
  signalCode: string | null;
  kill(signal: NodeJS.Signals): void;
}

function start(argv: readonly string[], stdin: "ignore" | "pipe", env: Record<string, string>): Started {
  const file = programOf(argv[0] ?? "", env.PATH!);
  const guard = childGuard.descriptor();
  const command = guard === undefined ? [file] : [SHELL, "-c", PRELUDE, "sh", file];
  const stdio = [stdin, "pipe", "pipe", ...(guard === undefined ? [] : [guard])];
  try {
    // lazy: else Bun reads all that comes and keeps it, whether or not somebody reads.
    const options = { stdio, env, detached: true, lazy: true } as unknown as Parameters<typeof Bun.spawn>[1];
    return Bun.spawn([...command, ...argv.slice(1)], options) as unknown as Started;
  } catch (error) {
    throw new Error(`cannot start ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Looked up before: the shell's own message would come too late, and on stderr. */
function programOf(name: string, PATH: string): string {
  const file = path.isAbsolute(name) || name.includes("/") ? name : Bun.which(name, { PATH });
  if (file === null) throw new Error(`cannot start ${name}: no program of that name is on PATH (${PATH})`);
  try {
    fs.accessSync(file, fs.constants.X_OK);
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new Error(`cannot start ${file}: ${absent ? "there is no such file" : "it is not executable"}`);
  }
  return file;
}

function killGroup(pid: number) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
