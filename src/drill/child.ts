import * as fs from "node:fs";
import { type Clock, sleep } from "../base/clock.ts";
import { noteChild } from "./mounts.ts";

/** In the environment of everything the drill starts: a graph under drill that starts a drill would do so for ever. */
export const INSIDE = "SCHNITZEL_DRILL";

export interface ChildOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Takes what the process says, over all of its lives. */
  readonly logFile: string;
  /** Of {@link makeFolder}: remembers the process, should the drill itself be killed. */
  readonly folder: string;
}

/** An end that nobody asked for. */
export interface Death {
  /** Exit code, or the signal's name. */
  readonly end: string;
  readonly lastWords: string;
}

/** As a service manager waits before it starts a service again. */
const RESTART_MS = 200;
/** A program that dies at once must not be started for ever. */
const MAX_DEATHS = 20;
/** The drain time of `run` is 10 s; after this it does not end by itself. */
const STOP_MS = 20_000;
const LAST_WORDS = 2_000;

/** The graph under drill: a process that is started, killed by its pid, and started again when it dies by itself. */
export class Child {
  readonly #options: ChildOptions;
  readonly #clock: Clock;
  #process: Bun.Subprocess | undefined;
  /** The process is to end; when it does so without, that is a death. */
  #wished = false;
  #restarting: Promise<void> = Promise.resolve();
  readonly deaths: Death[] = [];

  constructor(options: ChildOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start() {
    const { command, env, cwd, folder, logFile } = this.#options;
    const log = fs.openSync(logFile, "a");
    try {
      this.#wished = false;
      const child = Bun.spawn([...command], { cwd, env: { ...env, [INSIDE]: "1" }, stdio: ["ignore", log, log] });
      this.#process = child;
      noteChild(folder, child.pid);
      void child.exited.then(() => this.#ended(child));
    } finally {
      // The process has its own copy.
      fs.closeSync(log);
    }
  }

  /** The end of what it said, over all of its lives. */
  lastWords(): string {
    return tailOf(this.#options.logFile);
  }

  /** kill -9: no instruction of it is carried out after this call, nothing of it is left when it resolves. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM, and SIGKILL when that is not heeded in time. Gives how it ended. */
  async stop(): Promise<string> {
    const child = this.#process;
    if (child === undefined) return "not running";
    const late = this.#clock.setTimer(() => child.kill("SIGKILL"), STOP_MS);
    await this.#end("SIGTERM");
    late();
    return endOf(child);
  }

  /** The signal is sent before this returns its promise: a power cut follows a kill within microseconds. */
  async #end(signal: NodeJS.Signals) {
    this.#wished = true;
    const child = this.#process;
    this.#process = undefined;
    child?.kill(signal);
    // One that died by itself just now was about to be started again, and is not.
    await this.#restarting;
    await child?.exited;
  }

  #ended(child: Bun.Subprocess) {
    if (this.#wished || this.#process !== child) return;
    this.#process = undefined;
    this.deaths.push({ end: endOf(child), lastWords: tailOf(this.#options.logFile) });
    if (this.deaths.length > MAX_DEATHS) return;
    this.#restarting = sleep(this.#clock, RESTART_MS).then(() => {
      if (!this.#wished) this.start();
    });
  }
}

const endOf = ({ signalCode, exitCode }: Bun.Subprocess) => String(signalCode ?? `exit code ${exitCode}`);

function tailOf(file: string): string {
  const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  return text.slice(-LAST_WORDS);
}
