import * as net from "node:net";
import type { Clock } from "../base/clock.ts";
import { linesOf } from "./lines.ts";
import { addressOf } from "./socket_address.ts";
import { ControlError } from "./verb.ts";

export interface CallOptions {
  clock: Clock;
  /** Breaks off, and calls the verb off at the other side. */
  signal?: AbortSignal | undefined;
  /** Gets the items of a long answer; the next is read when it is done. */
  onItem?: (item: unknown) => void | Promise<void>;
}

/** A process that turns greets in milliseconds; one that is stopped, or stuck in a node, does not. */
const GREETING_MS = 10_000;

/** Asks the process behind the socket at `path`, and gives its result. Throws a {@link ControlError}. */
export async function callControl(path: string, verb: string, args: unknown, options: CallOptions): Promise<unknown> {
  const { socket, answers } = await greet(path, options);
  try {
    socket.write(`${JSON.stringify({ verb, args })}\n`);
    for (;;) {
      const answer = await next(answers, path);
      if ("item" in answer) await options.onItem?.(answer.item);
      else if (answer.error !== undefined) throw ControlError.told(answer.error.code, answer.error.message);
      else return answer.result;
    }
  } finally {
    socket.destroy();
  }
}

/** The process that answers at `path`; undefined when none does. */
export async function controlOwner(path: string, clock: Clock): Promise<number | undefined> {
  try {
    const { socket, pid } = await greet(path, { clock });
    socket.destroy();
    return pid;
  } catch (error) {
    if (NOBODY.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** No socket, one whose process is gone, a file of another kind, or a name that none can have. */
const NOBODY = new Set(["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ENOTDIR", "EINVAL", "ENAMETOOLONG"]);

interface Answer {
  hello?: { pid: number };
  item?: unknown;
  error?: { code: string; message: string };
  result?: unknown;
}

async function greet(path: string, { clock, signal }: CallOptions) {
  const socket = await connect(path, signal);
  let silent = false;
  const late = clock.setTimer(() => {
    silent = true;
    socket.destroy();
  }, GREETING_MS);
  const answers = linesOf(socket);
  try {
    const { hello } = await next(answers, path);
    return { socket, answers, pid: hello!.pid };
  } catch (error) {
    if (!silent) throw error;
    const hint = "it is stopped, or a node holds it; see what it does, or end it";
    throw new ControlError(
      "CONTROL_SILENT",
      `the process at ${path} does not answer for ${GREETING_MS / 1_000} s: ${hint}`,
    );
  } finally {
    late();
  }
}

/** Rejects with the system's own error code, so that the caller can tell "nobody there" from the rest. */
function connect(path: string, signal: AbortSignal | undefined): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = net.connect(addressOf(path));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      // What breaks the connection ends the lines, which is where it is noticed.
      socket.on("error", () => {});
      resolve(socket);
    });
    signal?.addEventListener("abort", () => socket.destroy(), { once: true });
  });
}

async function next(answers: AsyncGenerator<string>, path: string): Promise<Answer> {
  const line = await answers.next().catch(() => undefined);
  if (line === undefined || line.done) {
    throw new ControlError("CONTROL_GONE", `the process at ${path} broke off; see its log, and ask again`);
  }
  return JSON.parse(line.value);
}
