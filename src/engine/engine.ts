import { fullJitterMs } from "../base/backoff.ts";
import type { Cancel } from "../base/clock.ts";
import type { GraphPlan } from "../graph/plan.ts";
import type { NodeContext, NodeInstance, SourceInstance } from "../node/index.ts";
import { addDrops, DeadLetters, type RunSnapshot, type RunState, type StopReason } from "../observe/index.ts";
import { IdGenerator, packetFactory } from "../packet/index.ts";
import { closeAll } from "./closing.ts";
import { Failures, noteError, toError } from "./failures.ts";
import { DEFAULT_DRAIN_MS, type Host, type RunOptions } from "./host.ts";
import { NodeRun } from "./node_run.ts";
import type { Producer } from "./producer.ts";
import { Scheduler } from "./scheduler.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { SourceRun } from "./source_run.ts";
import { Sources } from "./sources.ts";
import type { ThrottlePolicy } from "./throttle.ts";
import { type Wiring, wire } from "./wiring.ts";

/** Runs one plan once, from creating its nodes to closing them. */
export class Engine {
  readonly plan: GraphPlan;
  readonly host: Host;
  readonly letters = new DeadLetters();
  readonly scheduler: Scheduler;
  readonly wiring: Wiring;
  readonly failures: Failures;
  readonly startedAtMs: number;
  readonly startedMonotonicMs: number;
  state: RunState = "starting";
  stopReason: StopReason | undefined;
  /** What failed the run: a node with `on_error: fail`, an overflow, a source that gave up. */
  failure: Error | undefined;
  turns = 0;
  maxTurnMs = 0;
  lastTurnMs: number;
  lastProgressMs: number;
  readonly sources: Sources;
  readonly #ids: IdGenerator;
  readonly #hasPlugins: boolean;
  readonly #options: RunOptions;
  readonly #abort = new AbortController();
  readonly #timers: Cancel[] = [];
  readonly #created: Producer[] = [];
  #wake: () => void = () => {};
  #hasWork = false;
  #abandoned = false;

  constructor(plan: GraphPlan, host: Host, options: RunOptions = {}) {
    this.plan = plan;
    this.host = host;
    this.#options = options;
    this.#hasPlugins = plan.nodes.some((node) => node.origin !== "built_in");
    const { clock, random } = host;
    const heart = options.heart ?? new Int32Array(2);
    this.startedAtMs = clock.nowMs();
    this.startedMonotonicMs = clock.monotonicMs();
    this.lastTurnMs = this.startedMonotonicMs;
    this.lastProgressMs = this.startedMonotonicMs;
    this.#ids = new IdGenerator(clock, random);
    this.scheduler = new Scheduler({ clock, fuse: options.fuse ?? true, heart, ids: this.#ids });
    this.scheduler.onWork = this.#work;
    this.failures = new Failures({
      scheduler: this.scheduler,
      clock,
      random,
      deadLetter: (letter, bytes) => {
        this.letters.push(letter, bytes);
        host.onDeadLetter?.(letter);
      },
      abort: (error) => this.#fail(error),
    });
    this.scheduler.failures = this.failures;
    this.wiring = wire(plan, this.scheduler, { onWork: this.#work, onSourceError: this.#sourceFailed });
    this.sources = new Sources(this.wiring.sources, {
      scheduler: this.scheduler,
      failures: this.failures,
      heart,
      throttles: options.throttles ?? [],
      onRefused: (policy) => this.stop(policy.name),
      onError: this.#sourceFailed,
    });
  }

  /** Creates the nodes, runs to the end and closes them. Never rejects: look at `failure` and the snapshot. */
  async run(): Promise<RunSnapshot> {
    try {
      if (this.#createAll()) {
        this.state = "running";
        this.#limitTime(this.#options.throttles ?? []);
        for (const source of this.wiring.sources) this.#startSource(source);
        await this.#loop();
      }
    } catch (error) {
      // Not a node's doing: those are caught where they are called.
      this.#fail(toError(error));
    }
    this.#leaveBehind();
    for (const cancel of this.#timers) cancel();
    this.#abort.abort();
    this.sources.end();
    await closeAll(this.#created, this.host.clock);
    this.stopReason ??= "end_of_input";
    this.state = "stopped";
    return this.snapshot();
  }

  /** Ends the sources and lets what is in flight finish, for at most the drain time. */
  stop(reason: StopReason) {
    if (this.state === "draining" || this.state === "stopped") return;
    this.stopReason = reason;
    this.state = "draining";
    this.sources.end();
    this.#abort.abort();
    this.#timers.push(this.host.clock.setTimer(() => this.#abandon(), this.#options.drainMs ?? DEFAULT_DRAIN_MS));
    this.#work();
  }

  snapshot(): RunSnapshot {
    return takeSnapshot(this);
  }

  async #loop() {
    while (!this.#finished()) {
      this.#hasWork = false;
      const before = this.host.clock.monotonicMs();
      const more = this.scheduler.turn(this.sources.feed);
      this.#noteTurn(before);
      if (more) await this.host.yieldToLoop();
      else if (!this.#hasWork && !this.#finished()) await this.#sleep();
    }
  }

  #finished(): boolean {
    if (this.#abandoned) return true;
    return this.sources.live.length === 0 && !this.scheduler.hasReady && this.scheduler.inFlight === 0;
  }

  #noteTurn(startMs: number) {
    const { nowMs } = this.scheduler;
    this.turns += 1;
    this.lastTurnMs = nowMs;
    // A turn runs only when there was something to do, so it is progress; a stuck node makes no turns.
    this.lastProgressMs = nowMs;
    this.maxTurnMs = Math.max(this.maxTurnMs, nowMs - startMs);
  }

  readonly #work = () => {
    this.#hasWork = true;
    this.#wake();
  };

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #createAll(): boolean {
    for (const producer of this.wiring.producers) {
      try {
        const instance = producer.plan.definition.create(producer.plan.config, this.#context(producer));
        if (producer instanceof NodeRun) producer.instance = instance as NodeInstance;
        else (producer as SourceRun).instance = instance as SourceInstance;
        this.#created.push(producer);
      } catch (thrown) {
        const error = toError(thrown);
        noteError(producer, error, this.host.clock);
        this.#fail(
          new Error(`cannot create node "${producer.id}" (${producer.plan.definition.name}): ${error.message}`),
        );
        return false;
      }
    }
    return true;
  }

  #context(producer: Producer): NodeContext {
    const { clock, random, files, io, fetch } = this.host;
    return {
      nodeId: producer.id,
      clock,
      random,
      files,
      io,
      fetch,
      log: this.host.log(producer.id),
      packet: packetFactory(this.#ids, producer.id, this.#hasPlugins),
      reject: (record, reason) => this.failures.setAside(producer, record, reason, 1),
    };
  }

  #limitTime(throttles: readonly ThrottlePolicy[]) {
    for (const policy of throttles) {
      if (policy.limitMs === undefined) continue;
      this.#timers.push(this.host.clock.setTimer(() => this.stop(policy.name), policy.limitMs));
    }
  }

  #startSource(source: SourceRun) {
    try {
      source.start(this.#abort.signal);
    } catch (error) {
      this.#sourceFailed(source, error);
    }
  }

  /** Restarts a source within its policy; one that used its restarts up ends, and the run is an error. */
  readonly #sourceFailed = (source: SourceRun, thrown: unknown) => {
    const error = toError(thrown);
    noteError(source, error, this.host.clock);
    if (this.state !== "running") return this.sources.remove(source);
    const { max_restarts, window_sec, backoff_ms, backoff_max_ms } = source.plan.runtime.restart;
    const nowMs = this.host.clock.monotonicMs();
    const recent = source.restartsMs.filter((at) => nowMs - at < window_sec * 1_000);
    if (recent.length >= max_restarts) return this.#sourceGaveUp(source, error);
    source.restartsMs.splice(0, source.restartsMs.length, ...recent, nowMs);
    source.counters.restarts += 1;
    source.suspend();
    const waitMs = fullJitterMs(this.host.random, recent.length, backoff_ms, backoff_max_ms);
    this.host
      .log(source.id)
      .warn("source failed and starts again", { error: error.message, wait_ms: Math.round(waitMs) });
    this.#timers.push(this.host.clock.setTimer(() => this.#restart(source), waitMs));
  };

  #restart(source: SourceRun) {
    if (this.state === "running") this.#startSource(source);
    this.#work();
  }

  #sourceGaveUp(source: SourceRun, error: Error) {
    source.end();
    this.sources.remove(source);
    this.failure ??= new Error(`source "${source.id}" failed: ${error.message}`, { cause: error });
    this.host.log(source.id).error("source failed", { error: error.message });
    this.#work();
  }

  /** Ends the run as failed: nothing more is processed. */
  #fail(error: Error) {
    this.failure ??= error;
    this.stopReason = "error";
    this.#abandon();
  }

  #abandon() {
    this.#abandoned = true;
    this.sources.end();
    this.#work();
  }

  /** Counts what is still in inboxes, hands and calls when the run ends early. */
  #leaveBehind() {
    const reason = this.failure === undefined ? "drain_deadline" : "run_failed";
    for (const node of this.wiring.nodes) {
      for (const { edge, packet, root } of node.held.splice(0)) {
        addDrops(edge.to.counters.dropped, reason);
        addDrops(edge.counters.dropped, reason);
        root?.fail(`${reason}: packet ${packet.packet_id}`);
      }
      for (const { inbox } of node.inputs) {
        while (inbox.count > 0) {
          const { headRoot, headEdge } = inbox;
          inbox.shift();
          addDrops(node.counters.dropped, reason);
          addDrops(this.wiring.edges[headEdge]!.counters.dropped, reason);
          headRoot?.fail(reason);
        }
      }
      const inFlight = node.inFlight;
      if (inFlight > 0) addDrops(node.counters.dropped, reason, inFlight);
    }
  }
}
