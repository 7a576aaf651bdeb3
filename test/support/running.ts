import { binary, type Ran } from "./binary.ts";

/** The standalone binary while it runs, so that a test can talk to it. */
export interface Running {
  readonly pid: number;
  /** Resolves with the first match in what it has written or will write, on either channel. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits for its end. */
  ended(): Promise<Ran>;
  /** Sends a signal and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<Ran>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the binary, by the command `before` if there is one. It is killed when its `using` scope ends. */
export function start(
  args: readonly string[],
  { cwd, env = {}, before = [] }: { cwd: string; env?: Record<string, string>; before?: readonly string[] },
): Running {
  const child = Bun.spawn([...before, binary(), ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const written = { stdout: "", stderr: "" };
  let changed = () => {};
  let open = 2;
  const follow = async (name: keyof typeof written) => {
    const decoder = new TextDecoder();
    for await (const chunk of child[name]) {
      written[name] += decoder.decode(chunk, { stream: true });
      changed();
    }
    open -= 1;
    changed();
  };
  const reading = Promise.all([follow("stdout"), follow("stderr")]);
  const ended = async (): Promise<Ran> => {
    const code = await child.exited;
    await reading;
    return { code, ...written };
  };
  return {
    pid: child.pid,
    ended,
    async saw(pattern) {
      for (;;) {
        const found = pattern.exec(written.stderr) ?? pattern.exec(written.stdout);
        if (found !== null) return found;
        if (open === 0) throw new Error(`it ended without ${pattern}:\n${written.stdout}\n${written.stderr}`);
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended();
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended();
    },
  };
}
