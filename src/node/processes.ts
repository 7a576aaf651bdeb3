/** A child process. It leads a process group of its own, and the group ends with it and with this process. */
export interface Child {
  readonly pid: number;
  /** What it writes to stdout, in pieces of at most 1 MiB. Read it to the end, or kill the child first. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** The last bytes of stderr (see {@link SpawnOptions.stderrBytes}), as text. */
  stderrTail(): string;
  /** Hands bytes to stdin; resolves when the pipe took them. Only with `stdin: "pipe"`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends stdin. */
  end(): void;
  /** Resolves when the process is gone; it never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Ends the whole group now (SIGKILL). A second call does nothing. */
  kill(): void;
  /** Asks it to end (SIGTERM), and kills the group after `graceMs`. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
}

export interface ChildExit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
}

export interface SpawnOptions {
  /** Program and arguments; no shell sees them. */
  argv: readonly string[];
  /** Default `ignore`: it reads nothing. */
  stdin?: "ignore" | "pipe";
  /** Kept of stderr, the end of it. Default 16 KiB: a page of messages; a child may print gigabytes. */
  stderrBytes?: number;
  /** Runs only when nothing else wants to (a niceness of 10): what is being seen goes before what is being kept. */
  background?: boolean;
  /** Added to a clean environment (PATH, HOME, LANG=C). */
  env?: Readonly<Record<string, string>>;
}

/** Starts a child process, or throws an Error that says which program could not be started and why. */
export type Spawn = (options: SpawnOptions) => Child;

export interface ExchangeOptions {
  hostname: string;
  port: number;
  /** What is sent once connected; empty only connects. */
  send: string;
  timeoutMs: number;
}

/**
 * Connects by TCP, sends a text, and gives the first piece of the answer (at most 4 KiB; "" when nothing was sent).
 * Rejects when nobody listens, answers in time or knows the name.
 */
export type Exchange = (options: ExchangeOptions) => Promise<string>;
