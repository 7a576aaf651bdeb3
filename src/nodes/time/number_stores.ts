import { type Column, copied, finiteNumber, grown, resultNumber, type Store } from "./store.ts";

/** Stores of numbers, whose whole state is columns. */
abstract class NumberStore implements Store {
  protected columns: Column[];

  constructor(columns: number) {
    this.columns = Array.from({ length: columns }, () => new Float64Array(0));
  }

  prepare = finiteNumber;

  grow(capacity: number) {
    this.columns = this.columns.map((column) => grown(column, capacity));
    this.bind(this.columns);
  }

  snapshot = (used: number) => copied(this.columns, used);

  restore(state: unknown) {
    for (const [at, column] of (state as Column[]).entries()) this.columns[at]!.set(column);
  }

  /** Gives the columns their names. */
  protected abstract bind(columns: readonly Column[]): void;
  abstract clear(slot: number): void;
  abstract add(slot: number, value: number): void;
  abstract merge(into: number, from: number): void;
}

const NONE = new Float64Array(0);

/** How many values there are. */
export class CountStore extends NumberStore {
  #count = NONE;

  constructor() {
    super(1);
  }

  override prepare = ((raw: unknown) => (raw === undefined || raw === null || Number.isNaN(raw) ? undefined : 1)) as (
    raw: unknown,
  ) => number | undefined;

  protected bind([count]: readonly Column[]) {
    this.#count = count!;
  }

  clear(slot: number) {
    this.#count[slot] = 0;
  }

  add(slot: number) {
    this.#count[slot]! += 1;
  }

  merge(into: number, from: number) {
    this.#count[into]! += this.#count[from]!;
  }

  count = (slot: number) => this.#count[slot]!;
}

/**
 * Sum and mean. Neumaier's compensation keeps what rounding would lose, so that ten times 0.1 is 1 and the order of
 * packets hardly matters.
 */
export class SumStore extends NumberStore {
  #sum = NONE;
  #lost = NONE;
  #count = NONE;

  constructor() {
    super(3);
  }

  protected bind([sum, lost, count]: readonly Column[]) {
    this.#sum = sum!;
    this.#lost = lost!;
    this.#count = count!;
  }

  clear(slot: number) {
    this.#sum[slot] = 0;
    this.#lost[slot] = 0;
    this.#count[slot] = 0;
  }

  add(slot: number, value: number) {
    this.#plus(slot, value);
    this.#count[slot]! += 1;
  }

  merge(into: number, from: number) {
    this.#plus(into, this.#sum[from]!);
    this.#lost[into]! += this.#lost[from]!;
    this.#count[into]! += this.#count[from]!;
  }

  /** 0 when there is no value. */
  sum = (slot: number) => resultNumber(this.#sum[slot]! + this.#lost[slot]!);

  mean = (slot: number) => resultNumber((this.#sum[slot]! + this.#lost[slot]!) / this.#count[slot]!);

  #plus(slot: number, value: number) {
    const before = this.#sum[slot]!;
    const after = before + value;
    this.#lost[slot]! += Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before;
    this.#sum[slot] = after;
  }
}

/** Sample standard deviation by Welford's method, which does not subtract two large numbers. */
export class MomentStore extends NumberStore {
  #count = NONE;
  #mean = NONE;
  #squares = NONE;

  constructor() {
    super(3);
  }

  protected bind([count, mean, squares]: readonly Column[]) {
    this.#count = count!;
    this.#mean = mean!;
    this.#squares = squares!;
  }

  clear(slot: number) {
    this.#count[slot] = 0;
    this.#mean[slot] = 0;
    this.#squares[slot] = 0;
  }

  add(slot: number, value: number) {
    const count = this.#count[slot]! + 1;
    const off = value - this.#mean[slot]!;
    const mean = this.#mean[slot]! + off / count;
    this.#count[slot] = count;
    this.#mean[slot] = mean;
    this.#squares[slot]! += off * (value - mean);
  }

  merge(into: number, from: number) {
    const [here, there] = [this.#count[into]!, this.#count[from]!];
    if (there === 0) return;
    const count = here + there;
    const off = this.#mean[from]! - this.#mean[into]!;
    this.#squares[into]! += this.#squares[from]! + (off * off * here * there) / count;
    this.#mean[into]! += (off * there) / count;
    this.#count[into] = count;
  }

  /** Null below two values, which have no spread. */
  deviation = (slot: number) => {
    const count = this.#count[slot]!;
    return count < 2 ? null : resultNumber(Math.sqrt(this.#squares[slot]! / (count - 1)));
  };
}

/** The smallest value, or the largest with `sign` -1. */
export class ExtremeStore extends NumberStore {
  readonly #sign: 1 | -1;
  /** Times the sign; NaN while there is none. */
  #least = NONE;

  constructor(sign: 1 | -1) {
    super(1);
    this.#sign = sign;
  }

  protected bind([least]: readonly Column[]) {
    this.#least = least!;
  }

  clear(slot: number) {
    this.#least[slot] = Number.NaN;
  }

  add(slot: number, value: number) {
    const signed = value * this.#sign;
    if (!(this.#least[slot]! <= signed)) this.#least[slot] = signed;
  }

  merge(into: number, from: number) {
    const theirs = this.#least[from]!;
    if (!Number.isNaN(theirs) && !(this.#least[into]! <= theirs)) this.#least[into] = theirs;
  }

  extreme = (slot: number) => resultNumber(this.#least[slot]! * this.#sign);
}
