import { writeAll } from "./standard_io.ts";

/** What a command may touch of the process, so tests run it without one. */
export interface Terminal {
  /** Results, for stdout. */
  out(text: string): void;
  /** Diagnostics and everything else that is not the result, for stderr. */
  err(text: string): void;
  /** Whether `err` may use ANSI colours. */
  readonly color: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start. */
  readonly cwd: string;
  /** All of stdin, or undefined when it is longer than `maxBytes`. */
  stdin(maxBytes: number): Promise<Uint8Array | undefined>;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    out: (text) => write(1, text),
    err: (text) => write(2, text),
    // Asked only when something is painted: the answer costs 6 ms, and `schnitzel version` takes 7.
    get color() {
      // https://no-color.org: set to anything but the empty text.
      return !process.env.NO_COLOR && process.stderr.isTTY === true;
    },
    env: process.env,
    cwd: process.cwd(),
    stdin: readStdin,
  };
}

/** A reader that went away (`| head`) has seen what it wanted. */
function write(descriptor: number, text: string) {
  try {
    writeAll(descriptor, Buffer.from(text));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EPIPE") return;
    throw Object.assign(error as Error, {
      message: `cannot write to ${descriptor === 1 ? "stdout" : "stderr"}: ${message}`,
    });
  }
}

async function readStdin(maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of Bun.stdin.stream()) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
