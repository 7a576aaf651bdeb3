import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { entropySeed, seededRandom } from "../base/random.ts";
import {
  Engine,
  type Host,
  newHeart,
  packetBudget,
  startWatchdog,
  type ThrottlePolicy,
  timeBudget,
} from "../engine/index.ts";
import { compileGraph, formatDiagnostics, type GraphPlan, type GraphSource } from "../graph/index.ts";
import { diskFiles } from "../node/index.ts";
import {
  createRedactor,
  type LogFormat,
  type LogLevelName,
  type Redactor,
  type RunSnapshot,
  reportLine,
  runReport,
  startLog,
  startProgress,
  summary,
} from "../observe/index.ts";
import { createRegistry } from "../registry/index.ts";
import { deadLetterFile } from "./dead_letter_file.ts";
import { EXIT } from "./exit.ts";
import { serveRun } from "./serve_run.ts";
import { stopOnSignals } from "./signals.ts";
import { processIo } from "./standard_io.ts";

/** `schnitzel run`, its arguments already checked. */
export interface RunArguments {
  source: GraphSource;
  pluginsDir: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  set: readonly string[];
  maxPackets: number | undefined;
  maxSeconds: number | undefined;
  drainSeconds: number;
  /** Seconds one call of a node may hold the run; 0 only warns. */
  stallSeconds: number;
  seed: number | undefined;
  /** Print the report as the last line of stdout. */
  reportJson: boolean;
  /** File that gets the report as well. */
  reportFile: string | undefined;
  /** File that gets every dead letter as a JSON line. */
  deadLettersFile: string | undefined;
  /** Address of the HTTP server, over the graph's own. */
  http: string | undefined;
  httpTokenFile: string | undefined;
  httpInsecure: boolean;
  logLevel: LogLevelName;
  logFormat: LogFormat;
  failDegraded: boolean;
}

/** Checks the graph, runs it and reports. Resolves with the exit code; what happened is on stderr. */
export async function runGraph(args: RunArguments): Promise<number> {
  const registry = createRegistry({ env: args.env, ...(args.pluginsDir ? { pluginsDir: args.pluginsDir } : {}) });
  const compiled = await compileGraph(args.source, {
    catalogue: registry,
    env: args.env,
    set: args.set,
    compatCwd: process.cwd(),
  });
  if (compiled.diagnostics.length > 0) {
    const color = process.stderr.isTTY === true;
    process.stderr.write(`${formatDiagnostics(compiled.diagnostics, { texts: compiled.texts, color })}\n`);
  }
  if (compiled.plan === undefined) return EXIT.invalid;
  return new Run(args, compiled.plan, createRedactor(compiled.secrets)).toEnd();
}

class Run {
  readonly #args: RunArguments;
  readonly #plan: GraphPlan;
  readonly #redactor: Redactor;

  constructor(args: RunArguments, plan: GraphPlan, redactor: Redactor) {
    this.#args = args;
    this.#plan = plan;
    this.#redactor = redactor;
  }

  async toEnd(): Promise<number> {
    const { logLevel, logFormat, drainSeconds } = this.#args;
    const letters = deadLetterFile(this.#args.deadLettersFile, this.#redactor);
    const io = processIo(() => engine.stop("stdout_closed"));
    const progress = startProgress({
      clock: systemClock,
      snapshot: () => engine.snapshot(),
      isTty: process.stderr.isTTY === true && logLevel !== "off",
      columns: () => process.stderr.columns ?? 80,
      write: (text) => void process.stderr.write(text),
    });
    const log = startLog({
      level: logLevel,
      format: logFormat,
      clock: systemClock,
      redactor: this.#redactor,
      write: progress.above,
    });
    const seed = this.#args.seed ?? entropySeed();
    const host: Host = {
      clock: systemClock,
      random: seededRandom(seed),
      seed,
      files: this.#files(),
      io,
      fetch: globalThis.fetch,
      log: log.node,
      yieldToLoop: () => new Promise((resolve) => setImmediate(resolve)),
      onDeadLetter: letters.write,
    };
    const heart = newHeart();
    const engine = new Engine(this.#plan, host, {
      throttles: this.#throttles(),
      drainMs: drainSeconds * 1_000,
      heart,
    });
    const stopWatching = this.#watch(heart);
    const signals = stopOnSignals(engine, log);
    const served = await serveRun(this.#args, this.#plan, engine, this.#redactor, log);
    if (served === undefined) return EXIT.precondition;
    const run = await engine.run();
    progress.stop();
    io.flush();
    letters.close();
    await served.stop();
    stopWatching();
    signals.release();
    log.close();
    this.#report(run);
    return this.#exitCode(run);
  }

  #files() {
    const { baseDir, compat } = this.#plan;
    return diskFiles({ base: baseDir, ...(compat ? { fallback: process.cwd() } : {}) });
  }

  #throttles(): ThrottlePolicy[] {
    const { maxPackets, maxSeconds } = this.#args;
    const throttles: ThrottlePolicy[] = [];
    if (maxPackets !== undefined) throttles.push(packetBudget(maxPackets));
    if (maxSeconds !== undefined) throttles.push(timeBudget(maxSeconds));
    return throttles;
  }

  /** At once when a plugin runs; else after a second, so that a short run pays for no second thread. */
  #watch(heart: Int32Array): () => void {
    const { stallSeconds, reportJson } = this.#args;
    const start = () =>
      startWatchdog({
        heart,
        nodes: this.#plan.nodes.map((node) => node.id),
        exitSec: stallSeconds,
        ...(reportJson ? { report: stalledReport(this.#plan) } : {}),
      });
    if (this.#plan.nodes.some((node) => node.origin !== "built_in")) return start().stop;
    let stop = systemClock.setTimer(() => {
      stop = start().stop;
    }, 1_000);
    return () => stop();
  }

  #report(run: RunSnapshot) {
    const report = runReport(run, systemClock.nowMs(), this.#redactor);
    const line = `${reportLine(report)}\n`;
    const { reportFile, reportJson } = this.#args;
    if (reportFile !== undefined) fs.writeFileSync(path.resolve(reportFile), line);
    if (reportJson) process.stdout.write(line);
    else process.stderr.write(`${this.#redactor.text(summary(run))}\n`);
  }

  #exitCode({ status }: RunSnapshot): number {
    if (status === "error") return EXIT.failure;
    return status === "degraded" && this.#args.failDegraded ? EXIT.degraded : EXIT.ok;
  }
}

/** The report of a run that a stuck node holds: only what another thread can know. */
function stalledReport({ path: graph, name, hash }: GraphPlan): string {
  return JSON.stringify({
    ts: new Date(systemClock.nowMs()).toISOString(),
    status: "error",
    engine: "inproc",
    graph_version: 2,
    graph,
    metrics: {},
    schema_version: 1,
    name,
    graph_hash: hash,
    stop_reason: "stalled",
    error: 'NODE_STALLED: node "$NODE" held the run for $SECONDS s',
  });
}
