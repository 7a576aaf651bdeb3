import { systemClock } from "../base/clock.ts";

export interface Answer {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  /** Of stderr, the end. */
  readonly error: string;
  /** It was ended because it did not end in time. */
  readonly late: boolean;
  /** It was ended because it printed more than an answer. */
  readonly flood: boolean;
}

/** Asks a program for something short. Rejects when it cannot be started. */
export type Ask = (file: string, args: readonly string[]) => Promise<Answer>;

/** Under load, and from a slow card that is read for the first time; a program that hangs does not get done later. */
const DEADLINE_MS = 15_000;

/** The longest list of ffmpeg's, its filters, is 40 kB. */
const MAX_ANSWER = 1024 * 1024;

/** Ends with the group it leads, as a script may wait for a child that hangs. */
export const askProgram: Ask = async (file, args) => {
  const { PATH = "/usr/bin:/bin", HOME = "/" } = process.env;
  const child = Bun.spawn([file, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH, HOME, LANG: "C" },
    detached: true,
  });
  const kill = () => killGroup(child.pid);
  let [late, flood] = [false, false];
  const stop = systemClock.setTimer(() => {
    late = true;
    kill();
  }, DEADLINE_MS);
  const tooMuch = () => {
    flood = true;
    kill();
  };
  const texts = Promise.all([collect(child.stdout, tooMuch), collect(child.stderr, tooMuch)]);
  await child.exited;
  kill();
  stop();
  const [out, error] = await texts;
  const signal = child.signalCode === null ? null : String(child.signalCode);
  return { code: child.exitCode, signal, out, error, late, flood };
};

async function collect(stream: ReadableStream<Uint8Array>, tooMuch: () => void): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER) tooMuch();
    else pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function killGroup(pid: number) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
