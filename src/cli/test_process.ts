import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { childGuard } from "./child_guard.ts";
import type { Terminal } from "./terminal.ts";
import { TEST_CASES_ARGUMENT } from "./test_child.ts";
import type { TestJob, TestNews } from "./test_job.ts";
import type { Gathered } from "./test_results.ts";

/** The process itself fails a case that takes too long and says what it waits for; so much later it is ended. */
const GRACE_MS = 5_000;

/** Runs a job in processes of their own, so that a node that never comes back, or takes its process with it, fails its case alone. */
export async function runInProcesses(job: Omit<TestJob, "skip">, gathered: Gathered, terminal: Terminal) {
  // Each process ends at least one case, or all.
  while (!gathered.over && gathered.refused === undefined) {
    const process = new TestProcess({ ...job, skip: gathered.done }, gathered, terminal);
    const died = await process.run();
    if (gathered.over || gathered.refused !== undefined) return;
    if (gathered.wasListed) gathered.lost(died, process.sinceNewsMs);
    else gathered.hear({ news: "failed", message: `the test files could not be read: ${died}`, usage: false });
  }
}

/** This executable: a compiled binary alone, else bun with our entry. */
const thisProgram = () =>
  Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, path.join(import.meta.dirname, "../main.ts")];

class TestProcess {
  readonly #job: TestJob;
  readonly #gathered: Gathered;
  readonly #terminal: Terminal;
  /** Begins the lines that are news: plugins may print as well. */
  readonly #mark = `schnitzel-test-${crypto.randomUUID()} `;
  #lastNewsMs = systemClock.monotonicMs();
  #late = false;

  constructor(job: TestJob, gathered: Gathered, terminal: Terminal) {
    this.#job = job;
    this.#gathered = gathered;
    this.#terminal = terminal;
  }

  get sinceNewsMs(): number {
    return systemClock.monotonicMs() - this.#lastNewsMs;
  }

  /** Why it ended, for whoever misses something of it. */
  async run(): Promise<string> {
    const { cwd, env, color } = this.#terminal;
    // So that it is ended with this process, however that ends. Where there is no shell it ends when its work does.
    childGuard.descriptor();
    const child = Bun.spawn([...thisProgram(), TEST_CASES_ARGUMENT], {
      ...{ cwd, env: { ...process.env, ...env }, detached: true },
      stdin: new Blob([JSON.stringify({ job: this.#job, mark: this.#mark, color })]),
      stdout: "pipe",
      stderr: "pipe",
    });
    childGuard.note(child.pid);
    childGuard.tell(child.pid);
    const watch = setInterval(() => this.#endWhenLate(child), 250);
    try {
      await Promise.all([this.#listen(child.stdout), this.#forward(child.stderr), child.exited]);
    } finally {
      clearInterval(watch);
      childGuard.forget(child.pid);
    }
    return this.#why(child.exitCode, child.signalCode === null ? null : String(child.signalCode));
  }

  #endWhenLate(child: { kill(signal: "SIGKILL"): void }) {
    if (this.sinceNewsMs < this.#job.maxCaseMs + GRACE_MS) return;
    this.#late = true;
    child.kill("SIGKILL");
  }

  #why(code: number | null, signal: string | null): string {
    const { stuckNode } = this.#gathered;
    const seconds = Math.round(this.sinceNewsMs / 1_000);
    const ended = "its process was ended, and the next case has a new one";
    if (stuckNode !== undefined) return `node ${stuckNode} did not come back after ${seconds} s: ${ended}`;
    if (this.#late) return `it did not come back after ${seconds} s, and nothing else could run meanwhile: ${ended}`;
    return `its process ended by itself, ${signal === null ? `with code ${code}` : `by ${signal}`}, before the case was done`;
  }

  async #listen(stream: ReadableStream<Uint8Array>) {
    for await (const line of lines(stream)) {
      if (!line.startsWith(this.#mark)) this.#terminal.err(`${line}\n`);
      else this.#hear(JSON.parse(line.slice(this.#mark.length)));
    }
  }

  #hear(news: TestNews | { news: "err"; text: string }) {
    if (news.news === "err") return this.#terminal.err(news.text);
    // Of a node that is stuck the case tells: how long it took counts from its beginning.
    if (news.news !== "stuck") this.#lastNewsMs = systemClock.monotonicMs();
    this.#gathered.hear(news);
  }

  /** What a watchdog says there is in the case's failure. */
  async #forward(stream: ReadableStream<Uint8Array>) {
    for await (const line of lines(stream)) if (!line.startsWith("NODE_STALLED ")) this.#terminal.err(`${line}\n`);
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  // What was cut off in the midst of a line was not said.
}
