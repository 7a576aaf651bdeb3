/** What makes a controller, in the units of the measurement and of the output. */
export interface PidGains {
  kp: number;
  ki: number;
  kd: number;
  /** Time constant of the filter on the derivative, seconds; 0: none. */
  filterSec: number;
  min: number;
  max: number;
  /** Longer from one step to the next is a gap: nothing is integrated or derived over it. */
  maxStepSec: number;
  /** What leaves first; undefined: what the gains give. */
  start: number | undefined;
}

/** Everything a controller knows between two steps: plain numbers, so that it can be stored. */
export interface PidState {
  /** In units of the output, so that other gains do not make it jump. */
  integral: number;
  derivative: number;
  measurement: number;
  timeMs: number;
}

export interface PidStep {
  value: number;
  error: number;
  p: number;
  i: number;
  d: number;
  saturated: boolean;
}

/**
 * A PID controller in parallel form, one step per call.
 *
 * The derivative is that of the measurement, so a new setpoint gives no kick. Anti-windup by clamping: while the output is
 * at a limit, the integral does not move further that way. Only + - * / are used, so every machine gives the same bits.
 */
export class PidLaw {
  readonly #gains: PidGains;
  #state: PidState | undefined;
  gaps = 0;

  constructor(gains: PidGains) {
    this.#gains = gains;
  }

  get state(): PidState | undefined {
    return this.#state && { ...this.#state };
  }

  set state(state: PidState | undefined) {
    this.#state = state && { ...state };
  }

  /** Undefined for a time before the last one: what is past cannot be steered. */
  step(setpoint: number, measurement: number, timeMs: number): PidStep | undefined {
    const before = this.#state ?? this.#begin(setpoint, measurement, timeMs);
    if (timeMs < before.timeMs) return undefined;
    const { kp, ki, min, max } = this.#gains;
    const dtSec = this.#stepSec(before, timeMs);
    const error = setpoint - measurement;
    const p = kp * error;
    const d = this.#derivative(before, measurement, dtSec);
    const more = ki * error * dtSec;
    const wanted = p + before.integral + more + d;
    const outwards = (wanted > max && more > 0) || (wanted < min && more < 0);
    const i = outwards ? before.integral : before.integral + more;
    const value = Math.min(max, Math.max(min, wanted));
    this.#state = { integral: i, derivative: d, measurement, timeMs };
    return { value, error, p, i, d, saturated: value !== wanted };
  }

  /** Bumpless: the integral begins where the first output is the one asked for. */
  #begin(setpoint: number, measurement: number, timeMs: number): PidState {
    const { kp, start } = this.#gains;
    const integral = start === undefined ? 0 : start - kp * (setpoint - measurement);
    return { integral, derivative: 0, measurement, timeMs };
  }

  /** 0 over a gap: nobody knows what was in between. */
  #stepSec({ timeMs: before }: PidState, timeMs: number): number {
    const dtSec = (timeMs - before) / 1_000;
    if (dtSec <= this.#gains.maxStepSec) return dtSec;
    this.gaps += 1;
    return 0;
  }

  #derivative({ derivative, measurement: before }: PidState, measurement: number, dtSec: number): number {
    const { kd, filterSec } = this.#gains;
    if (dtSec === 0) return derivative;
    const raw = (-kd * (measurement - before)) / dtSec;
    return derivative + (dtSec / (filterSec + dtSec)) * (raw - derivative);
  }
}
