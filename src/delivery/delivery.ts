import { fullJitterMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { toError } from "../base/to_error.ts";
import {
  type DeliveryOptions,
  type Emit,
  failureKind,
  type NodeInstance,
  type NodeLog,
  type PacketOutcome,
  Unavailable,
} from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import { type Call, DELIVERED, NOBODY_WAITS, settle } from "./call.ts";
import { Circuit } from "./circuit.ts";
import { Deadlines } from "./deadlines.ts";
import { follow } from "./follow.ts";
import { Line } from "./line.ts";
import { Meter } from "./meter.ts";
import { Patience } from "./patience.ts";
import { Rate } from "./rate.ts";
import { Try } from "./try.ts";

/** Longest pause that a Retry-After gets: a server's slip of the pen must not hold packets for a day. */
export const MAX_RETRY_AFTER_MS = 60_000;
/** Spread over this, so that those who were told the same time do not come back at the same moment. */
const RETRY_AFTER_SPREAD_MS = 1_000;

export interface DeliveryContext {
  clock: Clock;
  random: Random;
  log: NodeLog;
  /** Aborts when the run begins to end. */
  stopping: AbortSignal;
  /** Of the packet that {@link Delivery.process} was just called with. */
  outcome(): PacketOutcome | undefined;
}

/** Delivers packets by calling a node's `process`: one that fails is tried again, one the outside has no time for held. */
export class Delivery {
  readonly circuit: Circuit;
  /** Of the packet whose try is in the node's `process` just now. */
  outcome: PacketOutcome | undefined;
  readonly #node: NodeInstance;
  readonly #options: DeliveryOptions;
  readonly #context: DeliveryContext;
  readonly #meter = new Meter();
  readonly #line: Line;
  readonly #patience: Patience;
  readonly #deadlines: Deadlines;
  readonly #stop = () => this.#line.stop();
  #calls = 0;
  #delivered = 0;
  #lastFailedMs = 0;

  constructor(node: NodeInstance, options: DeliveryOptions, context: DeliveryContext) {
    this.#node = node;
    this.#options = options;
    this.#context = context;
    const { clock, random, stopping } = context;
    this.#patience = new Patience(options.timeout_sec * 1_000);
    this.#deadlines = new Deadlines(clock, (attempt) => this.#timedOut(attempt));
    this.circuit = new Circuit({
      random,
      failures: options.circuit?.failures,
      capMs: options.backoff_max_ms,
      onOpened: (failures) => this.#opened(failures),
      onClosed: (openMs) => this.#closed(openMs),
    });
    this.#line = new Line({
      clock,
      circuit: this.circuit,
      rate: options.rate && new Rate(options.rate),
      giveUpMs: (options.give_up_sec ?? Number.POSITIVE_INFINITY) * 1_000,
      begin: (call, isProbe, nowMs) => this.#begin(call, isProbe, nowMs),
      onGivenUp: () => this.#meter.count("givenUp"),
    });
    if (stopping.aborted) this.#line.stop();
    else stopping.addEventListener("abort", this.#stop, { once: true });
  }

  /** As {@link NodeInstance.process}: throws or rejects with what the packet could not be delivered for in the end. */
  process(packet: StreamPacket, emit: Emit, input: string): void | Promise<void> {
    const call = this.#call(packet, emit, input);
    this.#line.enter(call);
    if (call.outcome?.ok) return;
    if (call.outcome !== undefined) throw call.outcome.error;
    return new Promise((resolve, reject) => {
      call.settled = (outcome) => (outcome.ok ? resolve() : reject(outcome.error));
    });
  }

  metrics(): Record<string, number> {
    return this.#meter.values(this.circuit, this.#line.length, this.#context.clock.monotonicMs());
  }

  giveBack(comesAgain: ((outcome: PacketOutcome) => boolean) | undefined) {
    this.#line.giveBack(comesAgain);
  }

  /** Ends what waits, and forgets what is under way. */
  close() {
    this.#context.stopping.removeEventListener("abort", this.#stop);
    this.#line.close();
    this.#deadlines.close();
  }

  #call(packet: StreamPacket, emit: Emit, input: string): Call {
    return {
      packet,
      emit,
      input,
      awaited: this.#context.outcome(),
      seq: this.#calls++,
      sinceMs: this.#context.clock.monotonicMs(),
      tries: 0,
      attempts: 0,
      dueMs: Number.NEGATIVE_INFINITY,
      lastError: undefined,
      outcome: undefined,
      settled: NOBODY_WAITS,
    };
  }

  #begin(call: Call, isProbe: boolean, startedMs: number) {
    call.tries += 1;
    this.#meter.tries += 1;
    if (call.tries > 1) this.#meter.retries += 1;
    const attempt = new Try(call, isProbe, startedMs, this.#delivered, this.#late);
    let following: PromiseLike<unknown> | undefined;
    try {
      this.outcome = call.awaited;
      following = follow(this.#node.process(call.packet, attempt.emit, call.input), attempt);
    } catch (error) {
      this.outcome = undefined;
      return this.#failed(attempt, error);
    }
    this.outcome = undefined;
    if (following === undefined) return this.#succeeded(attempt);
    attempt.dueMs = startedMs + this.#patience.ms(isProbe);
    this.#deadlines.begin(attempt);
    following.then(
      () => (attempt.over ? this.#cameLate(attempt) : this.#succeeded(attempt)),
      (error: unknown) => (attempt.over ? this.#late() : this.#failed(attempt, error)),
    );
  }

  #end(attempt: Try): number {
    attempt.over = true;
    this.#deadlines.end(attempt);
    return this.#context.clock.monotonicMs();
  }

  #succeeded(attempt: Try) {
    const nowMs = this.#end(attempt);
    const { call } = attempt;
    this.#delivered += 1;
    this.#patience.answered(nowMs - attempt.startedMs);
    this.#answered(attempt, nowMs);
    this.#meter.lag.delivered(call.packet, nowMs, this.#context.clock);
    try {
      attempt.flush();
      settle(call, DELIVERED);
    } catch (error) {
      settle(call, { ok: false, error });
    }
    this.#line.pump();
  }

  #answered({ isProbe }: Try, nowMs: number) {
    const wasAway = !this.circuit.closed;
    this.circuit.answered(isProbe, nowMs);
    if (!wasAway || !this.circuit.closed) return;
    this.#meter.recoveryMs = nowMs - this.#lastFailedMs;
    this.#meter.lag.behindSince(nowMs);
  }

  #timedOut(attempt: Try) {
    this.#meter.timeouts += 1;
    this.#patience.timedOut();
    // Others got through meanwhile, so the outside is there and it is this packet that it does not answer.
    if (this.#delivered > attempt.deliveredBefore) attempt.call.attempts += 1;
    this.#failed(attempt, new Unavailable(`no answer within ${(attempt.dueMs - attempt.startedMs) / 1_000} s`));
  }

  #failed(attempt: Try, thrown: unknown) {
    const nowMs = this.#end(attempt);
    const { call, isProbe } = attempt;
    const error = toError(thrown);
    const kind = failureKind(error);
    call.lastError = error;
    this.#meter[kind] += 1;
    if (kind === "rejected") {
      this.#answered(attempt, nowMs);
      settle(call, { ok: false, error });
      return this.#line.pump();
    }
    this.#line.lastFailure = error;
    this.#lastFailedMs = nowMs;
    if (kind === "failed") call.attempts += 1;
    else this.#leaveAlone(error, nowMs);
    this.circuit.failed(isProbe, nowMs);
    this.#again(call, error, nowMs);
  }

  #again(call: Call, error: Error, nowMs: number) {
    const { max_attempts, backoff_ms, backoff_max_ms } = this.#options;
    if (call.attempts >= max_attempts) {
      settle(call, { ok: false, error: exhausted(call, error) });
      return this.#line.pump();
    }
    call.dueMs = nowMs + fullJitterMs(this.#context.random, call.tries - 1, backoff_ms, backoff_max_ms);
    this.#line.wait(call);
  }

  #leaveAlone(error: Error, nowMs: number) {
    const { retryAfterMs } = error as Partial<Unavailable>;
    if (!(typeof retryAfterMs === "number" && retryAfterMs > 0)) return;
    const spreadMs = this.#context.random.float() * RETRY_AFTER_SPREAD_MS;
    this.#line.pauseUntil(nowMs + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) + spreadMs);
  }

  readonly #late = () => this.#meter.count("late");

  #cameLate({ startedMs }: Try) {
    this.#late();
    this.#patience.answeredLate(this.#context.clock.monotonicMs() - startedMs);
  }

  #opened(failures: number) {
    const error = this.#line.lastFailure?.message;
    this.#context.log.warn("the outside does not take packets: only probes go out until it does", { failures, error });
  }

  #closed(openMs: number) {
    this.#meter.outageMs += openMs;
    this.#line.forgive();
    const fields = { away_sec: Math.round(openMs / 100) / 10, waiting: this.#line.length };
    this.#context.log.info("the outside takes packets again", fields);
  }
}

/** Not `Unavailable` whatever the last try said: the outside is there, and this packet has used its tries up. */
function exhausted({ attempts, tries }: Call, last: Error): Error {
  if (attempts === 1 && failureKind(last) === "failed") return last;
  return new Error(`failed ${attempts} times in ${tries} tries, last: ${last.message}`, { cause: last });
}
