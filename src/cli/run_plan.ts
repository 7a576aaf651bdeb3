import * as fs from "node:fs";
import { systemClock } from "../base/clock.ts";
import { entropySeed, seededRandom } from "../base/random.ts";
import { Engine, type Host, newHeart, whileOutside } from "../engine/index.ts";
import { type Diagnostic, formatDiagnostics, type GraphPlan } from "../graph/index.ts";
import { diskFiles } from "../node/index.ts";
import {
  createRedactor,
  type Log,
  type Redactor,
  type RunSnapshot,
  reportLine,
  runReport,
  startLog,
  startProgress,
  summary,
} from "../observe/index.ts";
import { deadLetterFile } from "./dead_letter_file.ts";
import { exchange } from "./exchange.ts";
import { EXIT } from "./exit.ts";
import { failedExit } from "./failed_exit.ts";
import { STDIN } from "./graph_files.ts";
import { Hups } from "./hups.ts";
import { controlRun } from "./run_control.ts";
import { runInference } from "./run_inference.ts";
import { type RunRecording, startRecording } from "./run_recording.ts";
import { RunReloads } from "./run_reload.ts";
import { type RunSettings, throttlesOf } from "./run_settings.ts";
import { openRunState, type RunState } from "./run_state.ts";
import { openViews, serveRun } from "./serve_run.ts";
import { stopOnSignals } from "./signals.ts";
import { spawnChild } from "./spawn_child.ts";
import { processIo } from "./standard_io.ts";
import { catchStrays } from "./strays.ts";
import type { Terminal } from "./terminal.ts";
import { WatchedRun } from "./watched_run.ts";

/** Prints what a check found, to stderr. */
export function printFindings(
  diagnostics: readonly Diagnostic[],
  texts: Readonly<Record<string, string>>,
  { err, color }: Terminal,
) {
  if (diagnostics.length > 0) err(`${formatDiagnostics(diagnostics, { texts, color })}\n`);
}

/** Runs a plan and reports. Resolves with the exit code; what happened is on stderr and in the report. */
export function runPlan(plan: GraphPlan, settings: RunSettings, terminal: Terminal): Promise<number> {
  return new Run(plan, settings, terminal).toEnd();
}

class Run {
  readonly #plan: GraphPlan;
  readonly #settings: RunSettings;
  readonly #terminal: Terminal;
  readonly #redactor: Redactor;

  constructor(plan: GraphPlan, settings: RunSettings, terminal: Terminal) {
    this.#plan = plan;
    this.#settings = settings;
    this.#terminal = terminal;
    this.#redactor = createRedactor(settings.secrets);
  }

  async toEnd(): Promise<number> {
    const { logLevel, logFormat, drainSeconds } = this.#settings;
    const hups = this.#settings.reload && new Hups();
    const letters = deadLetterFile(this.#settings.deadLettersFile, this.#redactor);
    const heart = newHeart();
    const io = processIo(
      (write) => whileOutside(heart, write),
      (error) => this.#stdoutBroke(engine, error),
      this.#plan.path === STDIN,
    );
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
    const seed = this.#settings.seed ?? entropySeed();
    const { replay } = this.#settings;
    const clock = replay?.clock ?? systemClock;
    const state = await this.#openState(log);
    if (typeof state === "number") {
      hups?.release();
      return state;
    }
    const recording = await this.#startRecording(seed, log);
    const views = await openViews(this.#settings, this.#plan);
    const files = this.#files();
    const inference = runInference(files, log, this.#terminal);
    const host: Host = {
      clock,
      random: seededRandom(seed),
      seed,
      files,
      io,
      fetch: globalThis.fetch,
      // Loaded only when a node asks: most runs neither serve nor resolve.
      resolve: async (name) => (await import("./serve_node.ts")).resolveName(name),
      serve: async (options) => (await import("./serve_node.ts")).serveNode(options),
      spawn: spawnChild,
      exchange,
      ffmpeg: async (configured) => (await import("../media/index.ts")).findFfmpeg(configured),
      inference,
      live: views && ((name) => views.open(name)),
      log: log.node,
      yieldToLoop: () => new Promise((resolve) => setImmediate(resolve)),
      ...(state === undefined ? {} : { durable: state.durable, blobs: state.blobs, checkpoints: state.checkpoints }),
      onDeadLetter(letter) {
        letters.write(letter);
        state?.letters.keep(letter);
        const { packet, reason, attempts, rows } = letter;
        // No node failed with such rows: the disk did, or the process.
        const level = rows === undefined ? "warn" : "error";
        log.node(letter.node_id)[level]("set aside", { packet_id: packet?.packet_id, reason, attempts, rows });
      },
    };
    const engine = new Engine(this.#plan, replay?.host(host) ?? host, {
      throttles: throttlesOf(this.#settings),
      drainMs: drainSeconds * 1_000,
      heart,
      ...(recording && { tap: recording.tap }),
      ...(replay && { tap: replay.tap }),
    });
    const snapshot = (): RunSnapshot => ({
      ...engine.snapshot(),
      ...(recording && { recording: recording.snapshot() }),
    });
    const watched = new WatchedRun(this.#plan, this.#settings, heart);
    const reloads = new RunReloads(engine, state, this.#settings.reload, {
      ...{ log, watched, redactor: this.#redactor, hups },
    });
    const reload = this.#settings.reload && (() => reloads.asked({}));
    // First: whoever waits until the server answers may give a command then.
    const control = state && (await controlRun(state, engine, this.#redactor, log, reloads));
    const served = await serveRun(this.#settings, this.#plan, { snapshot, reload }, this.#redactor, log, views);
    if (served === undefined) {
      reloads.close();
      hups?.release();
      await control?.close();
      await state?.close();
      return EXIT.precondition;
    }
    watched.start();
    const strays = catchStrays(engine, () => {
      io.flush();
      this.#report(engine.snapshot());
    });
    const signals = stopOnSignals(engine, log, (code) => {
      strays.release();
      process.exit(code);
    });
    await (replay?.pace(engine) ?? engine.run());
    reloads.close();
    // A rejection that nobody awaits is heard in the next round of the event loop.
    await host.yieldToLoop();
    strays.release();
    progress.stop();
    io.flush();
    letters.close();
    await served.stop();
    await inference.close();
    await recording?.close();
    await control?.close();
    await state?.close();
    // Still watched, as it asks the nodes for their metrics.
    const run = snapshot();
    watched.stop();
    signals.release();
    hups?.release();
    log.close();
    this.#report(run);
    return this.#exitCode(run, engine.failure);
  }

  /** The exit code when it cannot be opened. */
  async #openState(log: Log): Promise<RunState | undefined | number> {
    const { stateDir: base, networkDisk, freshState: fresh } = this.#settings;
    try {
      const [redactor, terminal] = [this.#redactor, this.#terminal];
      const time = this.#settings.replay?.state ?? {};
      return await openRunState(this.#plan, { base, networkDisk, fresh, log, redactor, terminal, ...time });
    } catch (error) {
      this.#terminal.err(`${this.#redactor.text((error as Error).message)}\n`);
      return failedExit(error, EXIT.precondition);
    }
  }

  async #startRecording(seed: number, log: Log): Promise<RunRecording | undefined> {
    const { record: settings } = this.#settings;
    if (settings === undefined) return undefined;
    return startRecording({ settings, plan: this.#plan, seed, clock: systemClock, redactor: this.#redactor, log });
  }

  /** A reader that went away (`| head`) has seen what it wanted; any other reason is a loss. */
  #stdoutBroke(engine: Engine, error: NodeJS.ErrnoException) {
    if (error.code === "EPIPE") engine.stop("stdout_closed");
    else engine.fail(new Error(`cannot write to stdout: ${error.message}`));
  }

  #files() {
    const { baseDir, compat } = this.#plan;
    return diskFiles({ base: baseDir, ...(compat ? { fallback: this.#terminal.cwd } : {}) });
  }

  #report(run: RunSnapshot) {
    const { reportFile, reportJson } = this.#settings;
    if (!reportJson) this.#terminal.err(`${this.#redactor.text(summary(run))}\n`);
    if (!reportJson && reportFile === undefined) return;
    const line = `${reportLine(runReport(run, systemClock.nowMs(), this.#redactor))}\n`;
    if (reportFile !== undefined) fs.writeFileSync(reportFile, line);
    if (reportJson) this.#terminal.out(line);
  }

  #exitCode({ status }: RunSnapshot, failure: Error | undefined): number {
    if (status === "error") return failedExit(failure?.cause, EXIT.failure);
    return status === "degraded" && this.#settings.failDegraded ? EXIT.degraded : EXIT.ok;
  }
}
