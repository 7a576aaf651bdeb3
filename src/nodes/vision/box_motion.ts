import type { Box } from "./detections.ts";

/**
 * How a box moves: Kalman filters with constant velocity over its centre, aspect ratio and height, as ByteTrack has
 * them. The eight-dimensional filter of the paper has diagonal noise only, so it is four filters of two numbers each;
 * written out they are shorter, and an order of magnitude faster, than with matrices of a library.
 *
 * Velocities are per step of 1/30 s: the paper's noise is meant for a frame of 30 a second.
 */
export class BoxMotion {
  readonly #x: Axis;
  readonly #y: Axis;
  readonly #aspect: Axis;
  readonly #height: Axis;

  constructor(box: Box) {
    const { x, y, aspect, height } = shapeOf(box);
    const [position, velocity] = [(2 * height) / 20, (10 * height) / 160];
    this.#x = new Axis(x, position, velocity);
    this.#y = new Axis(y, position, velocity);
    this.#aspect = new Axis(aspect, 1e-2, 1e-5);
    this.#height = new Axis(height, position, velocity);
  }

  /** Moves on by `steps`. An object nobody sees does not change its size (`resting`), or it would grow without end. */
  predict(steps: number, resting: boolean) {
    if (resting) this.#height.rate = 0;
    // Frames that carry the same time still differ by noise, so there is at least that of one step.
    const noisy = Math.max(1, steps);
    const height = Math.max(1, this.#height.value);
    for (const axis of [this.#x, this.#y, this.#height]) axis.predict(steps, noisy, height / 20, height / 160);
    this.#aspect.predict(steps, noisy, 1e-2, 1e-5);
  }

  /** Takes in where the object was seen. */
  update(box: Box) {
    const { x, y, aspect, height } = shapeOf(box);
    const noise = Math.max(1, this.#height.value) / 20;
    this.#x.update(x, noise);
    this.#y.update(y, noise);
    this.#aspect.update(aspect, 1e-1);
    this.#height.update(height, noise);
  }

  box(): Box {
    const height = Math.max(0, this.#height.value);
    const width = Math.max(0, this.#aspect.value) * height;
    const [x, y] = [this.#x.value, this.#y.value];
    return { x1: x - width / 2, y1: y - height / 2, x2: x + width / 2, y2: y + height / 2 };
  }

  save = (): number[] => [this.#x, this.#y, this.#aspect, this.#height].flatMap((axis) => axis.save());

  static load(saved: readonly number[]): BoxMotion {
    const motion = new BoxMotion({ x1: 0, y1: 0, x2: 1, y2: 1 });
    [motion.#x, motion.#y, motion.#aspect, motion.#height].forEach((axis, at) => {
      axis.load(saved.slice(at * 5, at * 5 + 5));
    });
    return motion;
  }
}

function shapeOf({ x1, y1, x2, y2 }: Box) {
  // A box without height has no aspect; a thousandth of a pixel keeps the numbers finite.
  const height = Math.max(1e-3, y2 - y1);
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, aspect: (x2 - x1) / height, height };
}

/** A value, its velocity, and their covariance [[p, c], [c, v]]. */
class Axis {
  value: number;
  rate = 0;
  #p: number;
  #c = 0;
  #v: number;

  constructor(value: number, deviation: number, rateDeviation: number) {
    this.value = value;
    this.#p = deviation ** 2;
    this.#v = rateDeviation ** 2;
  }

  predict(steps: number, noisy: number, deviation: number, rateDeviation: number) {
    this.value += this.rate * steps;
    this.#p += 2 * steps * this.#c + steps * steps * this.#v + noisy * deviation ** 2;
    this.#c += steps * this.#v;
    this.#v += noisy * rateDeviation ** 2;
  }

  update(measured: number, deviation: number) {
    const spread = this.#p + deviation ** 2;
    const [gain, rateGain] = [this.#p / spread, this.#c / spread];
    const surprise = measured - this.value;
    this.value += gain * surprise;
    this.rate += rateGain * surprise;
    this.#v -= rateGain * rateGain * spread;
    this.#c -= gain * rateGain * spread;
    this.#p -= gain * gain * spread;
  }

  save = (): number[] => [this.value, this.rate, this.#p, this.#c, this.#v];

  load(saved: readonly number[]) {
    [this.value, this.rate, this.#p, this.#c, this.#v] = saved as [number, number, number, number, number];
  }
}
