import { fullJitterMs } from "../../base/backoff.ts";
import type { Random } from "../../base/random.ts";
import type { FaultKind } from "./fault.ts";

/** When a source that lost its camera tries again. */
export interface ReconnectPolicy {
  /** False: the first loss ends the source with an error. */
  readonly reconnect: boolean;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Tries in a row without a picture that end the source; 0: none do. */
  readonly maxAttempts: number;
  /** Full jitter; without it the wait doubles exactly. */
  readonly jitter: boolean;
  /** While a probe finds nobody, at least this long from one start of ffmpeg to the next; 0: as the backoff says. */
  readonly restMs: number;
}

/** A wrong password goes on being wrong, and cameras lock accounts: from 1 min doubling to 10 min. */
const PASSWORD_MS = 60_000;
const PASSWORD_MAX_MS = 600_000;
/** So many tries gets a camera that worked: some answer "wrong password" while they start up. */
const PASSWORD_TRUST = 2;
/** A backoff of 0 would start ffmpeg as fast as it can fail. */
const MIN_WAIT_MS = 50;
/** A connection that lasted this long was one: the backoff begins anew. A shorter one may be a loop of restarts. */
const STEADY_MS = 10_000;
/** A camera that gave pictures just now, and still answers, is worth more tries than one that never did. */
const STREAMED_MAX_MS = 3_000;

/**
 * The waiting between two tries, without a clock of its own.
 *
 * A probe that finds the camera after it was found away ends the wait at once, and the backoff begins anew: a camera
 * that starts up often answers before it has a stream. A camera that answers all the time and gives no stream is
 * waited for by the backoff alone.
 */
export class Reconnection {
  /** Tries in a row without a picture. */
  attempts = 0;
  readonly #policy: ReconnectPolicy;
  readonly #random: Random;
  #backoffs = 0;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #streamingAtMs: number | undefined;
  #dueMs = Number.NEGATIVE_INFINITY;
  #away = false;
  #worked = false;

  constructor(policy: ReconnectPolicy, random: Random) {
    this.#policy = policy;
    this.#random = random;
  }

  /** ffmpeg is started. */
  started(nowMs: number) {
    this.#startedAtMs = nowMs;
    this.#streamingAtMs = undefined;
  }

  /** The first picture came. */
  streaming(nowMs: number) {
    this.attempts = 0;
    this.#streamingAtMs = nowMs;
    this.#away = false;
    this.#worked = true;
  }

  /** It is over, or never began. False: there is no further try. */
  lost(nowMs: number, kind: FaultKind): boolean {
    const { reconnect, maxAttempts } = this.#policy;
    this.attempts += 1;
    if (!reconnect || (maxAttempts > 0 && this.attempts >= maxAttempts)) return false;
    if (this.#streamingAtMs !== undefined && nowMs - this.#streamingAtMs >= STEADY_MS) this.#backoffs = 0;
    this.#dueMs = nowMs + Math.max(MIN_WAIT_MS, this.#waitMs(kind));
    this.#backoffs += 1;
    return true;
  }

  /** The next start of ffmpeg, as things are now. */
  get dueMs(): number {
    const { restMs } = this.#policy;
    return this.#away && restMs > 0 ? Math.max(this.#dueMs, this.#startedAtMs + restMs) : this.#dueMs;
  }

  /** What a probe found. */
  probed(nowMs: number, reachable: boolean) {
    if (reachable && this.#away) {
      this.#dueMs = nowMs;
      this.#backoffs = 0;
    }
    this.#away = !reachable;
  }

  #waitMs(kind: FaultKind): number {
    const { backoffMs, jitter } = this.#policy;
    const streamed = jitter && this.#streamingAtMs !== undefined;
    const backoffMaxMs = Math.min(this.#policy.backoffMaxMs, streamed ? STREAMED_MAX_MS : Number.POSITIVE_INFINITY);
    if (kind === "password" && !(this.#worked && this.attempts <= PASSWORD_TRUST)) {
      return Math.min(PASSWORD_MAX_MS, PASSWORD_MS * 2 ** Math.min(this.attempts - 1, 10));
    }
    if (jitter) return fullJitterMs(this.#random, this.#backoffs, backoffMs, backoffMaxMs);
    return Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(this.#backoffs, 52));
  }
}
