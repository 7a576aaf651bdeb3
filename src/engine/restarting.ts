import { fullJitterMs } from "../base/backoff.ts";
import { noteError } from "./failures.ts";
import type { Host } from "./host.ts";
import type { SourceRun } from "./source_run.ts";
import type { Timers } from "./timers.ts";

/** What of the engine a source that failed concerns. */
interface Surroundings {
  readonly host: Host;
  readonly state: string;
  readonly sources: { remove(source: SourceRun): void };
  failure: Error | undefined;
  work(): void;
}

/** Starts sources, and again within their policy when they fail. */
export class Restarts {
  readonly #around: Surroundings;
  readonly #timers: Timers;
  readonly #signal: AbortSignal;

  constructor(around: Surroundings, timers: Timers, signal: AbortSignal) {
    this.#around = around;
    this.#timers = timers;
    this.#signal = signal;
  }

  start(source: SourceRun) {
    try {
      source.start(this.#signal);
    } catch (error) {
      this.failed(source, error);
    }
  }

  /** A source that used its restarts up ends, and the run is an error. */
  readonly failed = (source: SourceRun, thrown: unknown) => {
    const { host, state, sources } = this.#around;
    const error = noteError(source, thrown, host.clock);
    if (state !== "running" || source.ended) return sources.remove(source);
    const waitMs = nextRestartMs(source, host);
    if (waitMs === undefined) return this.#giveUp(source, error);
    source.suspend();
    const fields = { error: error.message, wait_ms: Math.round(waitMs) };
    host.log(source.id).warn("source failed and starts again", fields);
    this.#timers.after(waitMs, () => this.#again(source));
  };

  #again(source: SourceRun) {
    if (this.#around.state === "running" && !source.ended) this.start(source);
    this.#around.work();
  }

  #giveUp(source: SourceRun, error: Error) {
    const { host, sources } = this.#around;
    source.end();
    sources.remove(source);
    this.#around.failure ??= new Error(`source "${source.id}" failed: ${error.message}`, { cause: error });
    host.log(source.id).error("source failed", { error: error.message });
    this.#around.work();
  }
}

/** Counts one more restart of `source` and says how long to wait for it; undefined when its policy allows none. */
function nextRestartMs(source: SourceRun, { clock, random }: Host): number | undefined {
  const { max_restarts, window_sec, backoff_ms, backoff_max_ms } = source.plan.runtime.restart;
  const nowMs = clock.monotonicMs();
  const recent = source.restartsMs.filter((at) => nowMs - at < window_sec * 1_000);
  if (recent.length >= max_restarts) return undefined;
  source.restartsMs.splice(0, source.restartsMs.length, ...recent, nowMs);
  source.counters.restarts += 1;
  return fullJitterMs(random, recent.length, backoff_ms, backoff_max_ms);
}
