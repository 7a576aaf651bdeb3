/** Faults of the disk for a process that runs: strace goes to it, and lets it go when it is disposed of. */
export interface Injection {
  /** What strace saw so far, one call per line. */
  seen(): string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `what` as strace's `inject=` has it, such as `fsync,fdatasync:error=EIO`; resolves once every thread is under it. */
export async function inject(pid: number, what: string): Promise<Injection> {
  const calls = what.slice(0, what.indexOf(":"));
  const child = Bun.spawn(["strace", "-f", "-y", "-p", String(pid), "-e", `trace=${calls}`, "-e", `inject=${what}`], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  let text = "";
  let attached = () => {};
  const whenAttached = new Promise<void>((resolve) => {
    attached = resolve;
  });
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const part of child.stderr) {
      text += decoder.decode(part, { stream: true });
      // With -f it names all threads in one line once it has them.
      if (/Process \d+ attached/.test(text)) attached();
    }
    attached();
  })();
  await whenAttached;
  if (child.exitCode !== null) throw new Error(`strace cannot watch process ${pid}: ${text}`);
  const stop = async () => {
    child.kill("SIGTERM");
    await child.exited;
    await reading;
  };
  return { seen: () => text, stop, [Symbol.asyncDispose]: stop };
}
