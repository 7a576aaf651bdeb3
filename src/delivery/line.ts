import type { Cancel, Clock } from "../base/clock.ts";
import { type PacketOutcome, Unavailable } from "../node/index.ts";
import { type Call, settle } from "./call.ts";
import type { Circuit } from "./circuit.ts";
import type { Rate } from "./rate.ts";

/**
 * After a stop no wait may end later than this. Why 2 s: the tries of a short hiccup (waits up to 100, 200, 400 and
 * 800 ms) fit, and the rest of the drain time is left for calls under way.
 */
export const STOP_GRACE_MS = 2_000;
/** Longest timer; then the line looks again. A real timer overflows after 24 days and would run at once. */
const MAX_TIMER_MS = 3_600_000;

export interface LineOptions {
  clock: Clock;
  circuit: Circuit;
  rate: Rate | undefined;
  giveUpMs: number;
  /** Tries a call now. */
  begin(call: Call, isProbe: boolean, nowMs: number): void;
  /** A call has ended without another try. */
  onGivenUp(): void;
}

/**
 * Calls that wait for their next try, oldest first: for their backoff, for the circuit, for the rate, or because the
 * other side asked to be left alone. Bound: the node's `concurrency`, since the engine has no more calls under way.
 */
export class Line {
  /** Why the outside was last unavailable, for packets that have not been tried. */
  lastFailure: Error | undefined;
  readonly #options: LineOptions;
  readonly #waiting: Call[] = [];
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #stopByMs = Number.POSITIVE_INFINITY;
  #comesAgain: ((outcome: PacketOutcome) => boolean) | undefined;
  #cancelTimer: Cancel = () => {};
  #pumping = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** A new call: tried at once when nothing holds it back. */
  enter(call: Call) {
    const { circuit, rate, begin } = this.#options;
    if (circuit.closed && rate === undefined && call.sinceMs >= this.#pausedUntilMs) begin(call, false, call.sinceMs);
    else this.wait(call);
  }

  /** Waits for `call.dueMs` and for all that holds everybody back. */
  wait(call: Call) {
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]!.seq > call.seq) at -= 1;
    this.#waiting.splice(at, 0, call);
    this.pump();
  }

  /** The other side asked to be left alone by all of us. */
  pauseUntil(ms: number) {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, ms);
  }

  /** The outside is back: nobody waits for a backoff from before. */
  forgive() {
    for (const call of this.#waiting) call.dueMs = Number.NEGATIVE_INFINITY;
  }

  /** The run is ending: what waits for the outside to come back ends now, what is about to be tried is. */
  stop() {
    this.#stopByMs = this.#options.clock.monotonicMs() + STOP_GRACE_MS;
    this.pump();
  }

  /** A reload waits for the calls: those that come again by themselves wait no longer. Undefined: it is over. */
  giveBack(comesAgain: ((outcome: PacketOutcome) => boolean) | undefined) {
    this.#comesAgain = comesAgain;
    this.pump();
  }

  /** Nothing is tried any more. */
  close() {
    this.#stopByMs = Number.NEGATIVE_INFINITY;
    this.#cancelTimer();
    for (const call of this.#waiting.splice(0)) this.#giveUp(call, "the run has ended");
  }

  /** Begins every try that may begin, ends every wait that is over, and sets the timer for the rest. */
  pump() {
    // A try that ends at once comes back here: the loop below sees what it changed. When all goes well nobody waits.
    if (this.#pumping || this.#waiting.length === 0) return;
    this.#pumping = true;
    for (let call = this.#next(); call !== undefined; call = this.#next()) this.#begin(call);
    this.#refuse();
    this.#pumping = false;
    this.#setTimer();
  }

  /** The call that may be tried now. For a probe the one tried least, so that no single packet keeps it shut. */
  #next(): Call | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#freeAtMs > nowMs) return undefined;
    if (this.#options.circuit.closed) return this.#waiting.find(({ dueMs }) => dueMs <= nowMs);
    return this.#waiting.reduce<Call | undefined>(
      (least, call) => (least === undefined || call.tries < least.tries ? call : least),
      undefined,
    );
  }

  /** From when on somebody may be tried, whoever it is. */
  get #freeAtMs(): number {
    const { circuit, rate } = this.#options;
    if (circuit.state === "half_open") return Number.POSITIVE_INFINITY;
    const probeAtMs = circuit.closed ? Number.NEGATIVE_INFINITY : circuit.probeAtMs;
    return Math.max(this.#pausedUntilMs, probeAtMs, rate?.nextMs ?? Number.NEGATIVE_INFINITY);
  }

  #begin(call: Call) {
    const { circuit, rate, clock, begin } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#waiting.splice(this.#waiting.indexOf(call), 1);
    rate?.take(nowMs);
    const isProbe = !circuit.closed;
    if (isProbe) circuit.probe();
    begin(call, isProbe, nowMs);
  }

  #refuse() {
    const { clock, circuit, giveUpMs } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const call of this.#waiting.slice()) {
      const untilMs = circuit.closed ? Math.max(call.dueMs, this.#pausedUntilMs) : Number.POSITIVE_INFINITY;
      const isHeld = call.tries > 0 || !circuit.closed;
      let why: string | undefined;
      if (untilMs > this.#stopByMs) why = "the run is ending";
      else if (untilMs > nowMs && call.awaited && this.#comesAgain?.(call.awaited)) why = "the graph is reloaded";
      else if (isHeld && nowMs >= call.sinceMs + giveUpMs) why = `give_up_sec is ${giveUpMs / 1_000}`;
      if (why === undefined) continue;
      this.#waiting.splice(this.#waiting.indexOf(call), 1);
      this.#giveUp(call, why);
    }
  }

  #giveUp(call: Call, why: string) {
    const cause = call.lastError ?? this.lastFailure;
    const heldMs = Math.round(this.#options.clock.monotonicMs() - call.sinceMs);
    const last = cause === undefined ? "" : `: ${cause.message}`;
    this.#options.onGivenUp();
    const text = `not delivered, as ${why}, after ${call.tries} tries in ${heldMs} ms${last}`;
    settle(call, { ok: false, error: new Unavailable(text, { cause }) });
  }

  #setTimer() {
    this.#cancelTimer();
    if (this.#waiting.length === 0) return;
    const { clock, circuit, giveUpMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const freeAtMs = this.#freeAtMs;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { dueMs, sinceMs, tries } of this.#waiting) {
      const isHeld = tries > 0 || !circuit.closed;
      const goesMs = Math.max(freeAtMs, circuit.closed ? dueMs : freeAtMs);
      nextMs = Math.min(nextMs, goesMs, isHeld ? sinceMs + giveUpMs : Number.POSITIVE_INFINITY);
    }
    // While a probe is under way and nobody may give up, its outcome is what the line waits for.
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = clock.setTimer(() => this.pump(), Math.min(MAX_TIMER_MS, Math.max(0, nextMs - nowMs)));
  }
}
