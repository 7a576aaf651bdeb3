import type { Child, SpawnOptions } from "../node/index.ts";

/** Why 16 KiB: a page of messages, of a child that may print gigabytes. */
const STDERR_BYTES = 16 * 1_024;

/** See `Spawn` of `src/node/processes.ts`. */
export function spawnChild({ argv, stdin = "ignore", stderrBytes = STDERR_BYTES, env }: SpawnOptions): Child {
  const { PATH = "/usr/bin:/bin", HOME = "/" } = process.env;
  const child = Bun.spawn(argv as string[], {
    stdin,
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH, HOME, LANG: "C", ...env },
    detached: true,
  });
  const tail = keepTail(child.stderr, stderrBytes);
  const kill = () => killGroup(child.pid);
  const exited = child.exited.then(() => ({
    code: child.exitCode,
    signal: child.signalCode === null ? null : String(child.signalCode),
  }));
  const pipe = child.stdin as Bun.FileSink | undefined;
  return {
    pid: child.pid,
    stdout: child.stdout,
    stderrTail: tail,
    async write(bytes) {
      pipe!.write(bytes);
      await pipe!.flush();
    },
    end: () => void pipe?.end(),
    exited,
    kill,
    async stop(graceMs) {
      child.kill("SIGTERM");
      const timer = setTimeout(kill, graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function killGroup(pid: number) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

/** Reads a stream to its end and gives the last `bytes` of it when asked. */
function keepTail(stream: ReadableStream<Uint8Array>, bytes: number): () => string {
  let kept = Buffer.alloc(0);
  void (async () => {
    for await (const piece of stream) kept = Buffer.concat([kept, piece]).subarray(-bytes);
  })().catch(() => {});
  return () => kept.toString("utf8");
}
