import { toError } from "../base/to_error.ts";
import type { GraphPlan } from "../graph/plan.ts";
import { type DeadLetter, DeadLetters, type RunSnapshot, type RunState, type StopReason } from "../observe/index.ts";
import { IdGenerator } from "../packet/index.ts";
import { Blackboard } from "./blackboard.ts";
import { Checkpoints } from "./checkpoint/checkpoints.ts";
import { closeAll } from "./closing.ts";
import { type Creation, create } from "./creating.ts";
import { DurableEdges } from "./durable/edges.ts";
import { Ending } from "./ending.ts";
import type { EventTime } from "./event_time/event_time.ts";
import { eventTimeOf } from "./event_time/of_run.ts";
import { Failures } from "./failures.ts";
import { DEFAULT_DRAIN_MS, type Host, type RunOptions } from "./host.ts";
import { leaveBehind } from "./leaving.ts";
import { LoopEnd } from "./loop_end.ts";
import { openAll } from "./opening.ts";
import type { Producer } from "./producer.ts";
import { Reloads } from "./reload/reloads.ts";
import { Restarts } from "./restarting.ts";
import { HEART_NODE, Scheduler, TURN_MS } from "./scheduler.ts";
import { takeSnapshot } from "./snapshot.ts";
import { Sources } from "./sources.ts";
import { limitTime } from "./throttle.ts";
import { Timers } from "./timers.ts";
import { type Wiring, type WiringEvents, wire } from "./wiring.ts";

/** Runs one plan once, from creating its nodes to closing them. */
export class Engine {
  plan: GraphPlan;
  readonly host: Host;
  readonly letters = new DeadLetters();
  readonly scheduler: Scheduler;
  wiring: Wiring;
  readonly failures: Failures;
  readonly durable: DurableEdges;
  readonly blackboard: Blackboard;
  readonly checkpoints: Checkpoints;
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
  readonly #options: RunOptions;
  readonly #abort = new AbortController();
  readonly timers: Timers;
  readonly restarts: Restarts;
  readonly #loops: LoopEnd;
  readonly creation: Creation;
  readonly events: WiringEvents;
  readonly #heart: Int32Array;
  readonly reloads = new Reloads(this);
  /** Undefined when no node waits for event time; there once nodes are created. */
  eventTime: EventTime | undefined;
  readonly created: Producer[] = [];
  #wake: () => void = () => {};
  #hasWork = false;
  #abandoned = false;

  constructor(plan: GraphPlan, host: Host, options: RunOptions = {}) {
    this.plan = plan;
    this.host = host;
    this.#options = options;
    const { clock, random } = host;
    const heart = options.heart ?? new Int32Array(2);
    this.#heart = heart;
    this.startedAtMs = clock.nowMs();
    this.startedMonotonicMs = clock.monotonicMs();
    this.lastTurnMs = this.lastProgressMs = this.startedMonotonicMs;
    const ids = new IdGenerator(clock, random);
    this.timers = new Timers(clock);
    this.restarts = new Restarts(this, this.timers, this.#abort.signal);
    this.scheduler = new Scheduler({ clock, fuse: options.fuse ?? true, heart, ids });
    this.scheduler.onWork = this.work;
    this.failures = new Failures({
      scheduler: this.scheduler,
      clock,
      random,
      timers: this.timers,
      deadLetter: (letter, bytes) => this.#keepLetter(letter, bytes),
      abort: (error) => this.fail(error),
    });
    this.scheduler.failures = this.failures;
    this.#loops = new LoopEnd(this, this.timers, options.drainMs ?? DEFAULT_DRAIN_MS);
    this.scheduler.loops = this.#loops.loops;
    const freeze = plan.nodes.some((node) => node.origin !== "built_in");
    const { scheduler, failures, timers } = this;
    this.blackboard = new Blackboard(plan, clock);
    const [stopping, board] = [this.#abort.signal, this.blackboard];
    this.creation = { ...{ host, failures, ids, freeze, board }, stopping, timers, scheduler };
    this.durable = new DurableEdges(plan, host.durable ?? {}, this.failures, this.work);
    this.events = { onWork: this.work, onSourceError: this.restarts.failed };
    this.wiring = wire(this.durable.plan, this.scheduler, this.events);
    this.sources = new Sources(this.wiring.sources, {
      scheduler: this.scheduler,
      failures: this.failures,
      heart,
      throttles: options.throttles ?? [],
      tap: options.tap,
      onRefused: (policy) => this.stop(policy.name, { emptyQueues: true }),
      onError: this.restarts.failed,
    });
    this.checkpoints = new Checkpoints(this);
  }

  /** Creates the nodes, runs to the end and closes them. Never rejects: look at `failure` and the snapshot. */
  async run(): Promise<RunSnapshot> {
    try {
      if (this.#createAll() && (await openAll(this)) && (await this.checkpoints.open()) && this.state === "starting") {
        this.state = "running";
        limitTime(this.#options.throttles ?? [], this.timers, (name) => this.stop(name, { emptyQueues: true }));
        for (const source of this.wiring.sources) this.restarts.start(source);
        await this.#loop();
      }
    } catch (error) {
      // Not a node's doing: those are caught where they are called.
      this.fail(toError(error));
    }
    await this.checkpoints.finish();
    this.#finish();
    await closeAll(this.created, this.host.clock, this.#heart);
    await this.checkpoints.close();
    this.state = "stopped";
    return this.snapshot();
  }

  /** Nothing is called any more but `close`. */
  #finish() {
    this.stopReason ??= "end_of_input";
    this.state = "draining";
    this.timers.cancelAll();
    leaveBehind(this.wiring, this.stopReason === "error" ? "run_failed" : "drain_deadline");
    this.#abort.abort();
    this.sources.end();
  }

  /**
   * Ends the sources and lets what is in flight finish, for at most the drain time. `emptyQueues`: what waits in durable
   * edges is delivered meanwhile, too; else it stays for the next run.
   */
  stop(reason: StopReason, { emptyQueues = false } = {}) {
    if (this.state === "draining" || this.state === "stopped") return;
    this.stopReason = reason;
    this.state = "draining";
    this.reloads.callOff();
    this.sources.end({ keepUnmetered: emptyQueues });
    this.#abort.abort();
    this.timers.after(this.#options.drainMs ?? DEFAULT_DRAIN_MS, () => this.#abandon());
    this.#loops.inputEnded();
    this.work();
  }

  snapshot(): RunSnapshot {
    return takeSnapshot(this);
  }

  async #loop() {
    let yieldedMs = this.startedMonotonicMs;
    const ending = new Ending(this);
    while (!this.#finished() || (!this.#abandoned && (ending.step() || !this.checkpoints.ended))) {
      this.#hasWork = false;
      this.#loops.look();
      const before = this.host.clock.monotonicMs();
      const more = this.scheduler.turn(this.sources.feed);
      this.#noteTurn(before);
      this.checkpoints.turnEnded();
      this.reloads.turnEnded();
      // Sources and nodes whose promises settle at once keep the engine awake without a turn ever being full.
      if (more || this.scheduler.nowMs - yieldedMs >= TURN_MS) {
        await this.host.yieldToLoop();
        yieldedMs = this.host.clock.monotonicMs();
      } else if (!this.#hasWork && (!this.#finished() || this.checkpoints.underWay)) await this.#sleep();
    }
  }

  #finished(): boolean {
    if (this.#abandoned) return true;
    if (this.reloads.underWay) return false;
    const { hasReady, inFlight } = this.scheduler;
    if (hasReady || inFlight > 0) return false;
    return this.durable.finished(this.sources.live, () => this.wiring.nodes.some(({ holds }) => holds.size > 0));
  }

  #noteTurn(startMs: number) {
    const { nowMs } = this.scheduler;
    this.turns += 1;
    this.lastTurnMs = nowMs;
    // A turn runs only when there was something to do, so it is progress; a stuck node makes no turns.
    this.lastProgressMs = nowMs;
    this.maxTurnMs = Math.max(this.maxTurnMs, nowMs - startMs);
  }

  /** Something outside a turn made work. */
  readonly work = () => {
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
      this.#heart[HEART_NODE] = producer.index;
      const error = create(producer, this.creation);
      if (error !== undefined) {
        this.fail(error);
        return false;
      }
      this.durable.attach(producer);
      this.created.push(producer);
    }
    this.sources.eventTime = this.eventTime = eventTimeOf(this);
    return true;
  }

  /** A dead letter that cannot be kept where the user asked for it is a loss, so the run fails. */
  #keepLetter(letter: DeadLetter, bytes: number) {
    this.letters.push(letter, bytes);
    try {
      this.host.onDeadLetter?.(letter);
    } catch (error) {
      this.fail(new Error(`cannot keep a dead letter of node "${letter.node_id}": ${toError(error).message}`));
    }
  }

  /** Ends the run as failed: nothing more is processed. */
  fail(error: Error) {
    this.failure ??= error;
    this.stopReason = "error";
    this.#abandon();
  }

  #abandon() {
    this.#abandoned = true;
    this.reloads.callOff();
    this.scheduler.endTurn();
    this.sources.end();
    this.work();
  }
}
