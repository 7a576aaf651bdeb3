/** A process with one input and one output, in the units of both and seconds. */
export interface PlantModel {
  gain: number;
  timeConstantSec: number;
  /** Undefined: first order. Else of an oscillator: below 1 it overshoots by itself. */
  damping: number | undefined;
  deadTimeMs: number;
  bias: number;
}

export interface PlantState {
  output: number;
  /** Change per second; of a first-order plant 0. */
  speed: number;
  timeMs: number;
  /** Inputs and since when, oldest first; all but the first have not arrived, for dead time. */
  inputs: { sinceMs: number; value: number }[];
}

/** Steps per time constant; the method's error is about the fourth power of its inverse, below 1e-5. */
const STEPS_PER_CONSTANT = 20;
/** Why 100,000: some ms of work. A packet that asks for more has a wrong time, or the plant a wrong constant. */
const MAX_STEPS = 100_000;

/** Inputs within the dead time, 24 bytes each: a minute of 1,000 per second. */
const MAX_INPUTS = 65_536;

/**
 * First order: T·y' + y = gain·u + bias. Second: T²·y'' + 2·damping·T·y' + y = gain·u + bias. u holds between two inputs.
 *
 * By Runge-Kutta of fourth order and not by exponentials, which differ from machine to machine in the last bit.
 */
export class Plant {
  readonly #model: PlantModel;
  state: PlantState | undefined;

  constructor(model: PlantModel) {
    this.#model = model;
  }

  /** Its output at `timeMs`, from when on the input is `value`. Undefined for a time before the last one. */
  step(value: number, timeMs: number, start: number): number | undefined {
    const before = this.state;
    if (before !== undefined && timeMs < before.timeMs) return undefined;
    if (before !== undefined && before.inputs.length > MAX_INPUTS) {
      throw new Error(`cannot keep more than ${MAX_INPUTS} inputs on their way: send fewer, or shorten the dead time`);
    }
    const at = before === undefined ? { output: start, speed: 0, timeMs, inputs: [] } : this.#run(before, timeMs);
    this.state = { ...at, inputs: [...at.inputs, { sinceMs: timeMs, value }] };
    return at.output;
  }

  /** Piece by piece, each with the input that arrives in it. */
  #run(before: PlantState, untilMs: number): PlantState {
    const { deadTimeMs } = this.#model;
    let { output, speed, timeMs } = before;
    const inputs = [...before.inputs];
    while (timeMs < untilMs) {
      while (inputs.length > 1 && inputs[1]!.sinceMs + deadTimeMs <= timeMs) inputs.shift();
      const arrived = inputs.length > 0 && inputs[0]!.sinceMs + deadTimeMs <= timeMs;
      const next = inputs[arrived ? 1 : 0];
      const endMs = Math.min(untilMs, next === undefined ? untilMs : next.sinceMs + deadTimeMs);
      [output, speed] = this.#piece(output, speed, arrived ? inputs[0]!.value : 0, (endMs - timeMs) / 1_000);
      timeMs = endMs;
    }
    return { output, speed, timeMs: untilMs, inputs };
  }

  #piece(output: number, speed: number, input: number, seconds: number): [output: number, speed: number] {
    const steps = Math.ceil((seconds / this.#model.timeConstantSec) * STEPS_PER_CONSTANT);
    if (steps > MAX_STEPS) {
      const most = (MAX_STEPS / STEPS_PER_CONSTANT) * this.#model.timeConstantSec;
      throw new Error(`cannot run the plant for ${seconds} s at once: at most ${most} s between two packets`);
    }
    const h = seconds / steps;
    let [y, w] = [output, speed];
    for (let at = 0; at < steps; at++) [y, w] = this.#rungeKutta(y, w, input, h);
    return [y, w];
  }

  #rungeKutta(y: number, w: number, u: number, h: number): [number, number] {
    const [y1, w1] = this.#change(y, w, u);
    const [y2, w2] = this.#change(y + (h / 2) * y1, w + (h / 2) * w1, u);
    const [y3, w3] = this.#change(y + (h / 2) * y2, w + (h / 2) * w2, u);
    const [y4, w4] = this.#change(y + h * y3, w + h * w3, u);
    return [y + (h / 6) * (y1 + 2 * y2 + 2 * y3 + y4), w + (h / 6) * (w1 + 2 * w2 + 2 * w3 + w4)];
  }

  #change(y: number, w: number, u: number): [number, number] {
    const { gain, bias, damping, timeConstantSec: t } = this.#model;
    const pull = gain * u + bias - y;
    return damping === undefined ? [pull / t, 0] : [w, (pull - 2 * damping * t * w) / (t * t)];
  }
}
