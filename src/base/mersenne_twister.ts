const SIZE = 624;
const MIDDLE = 397;

/**
 * MT19937 of Matsumoto and Nishimura, seeded and read as Python's `random.Random(seed)` does: sequences of the
 * predecessor's experiments come out the same. For those only; everything else uses `seededRandom`.
 *
 * Written here, as the packages either leave out `init_by_array`, which Python seeds with, or bring a whole library.
 */
export class PythonRandom {
  readonly #state = new Uint32Array(SIZE);
  #at = SIZE;

  /** A whole number; as in Python its sign does not matter. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed must be a whole number: ${seed}`);
    const size = Math.abs(seed);
    const high = Math.floor(size / 0x1_0000_0000);
    this.#seedByArray(high === 0 ? [size] : [size >>> 0, high]);
  }

  /** `random()`: a float in [0, 1) with 53 random bits. */
  float(): number {
    const [high, low] = [this.#uint32() >>> 5, this.#uint32() >>> 6];
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** `uniform(low, high)`. */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.float();
  }

  /** `choices(range(count), weights)[0]`: an index, for one draw. Without weights all are alike. */
  choice(count: number, weights?: readonly number[]): number {
    const drawn = this.float();
    if (weights === undefined) return Math.floor(drawn * count);
    let total = 0;
    const sums = weights.map((weight) => (total += weight));
    const at = sums.findIndex((sum) => drawn * total < sum);
    return at === -1 ? count - 1 : at;
  }

  #seedByNumber(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < SIZE; i++) state[i] = Math.imul(1_812_433_253, mixed(state[i - 1]!)) + i;
  }

  #seedByArray(key: readonly number[]) {
    const state = this.#state;
    this.#seedByNumber(19_650_218);
    let i = 1;
    const next = () => {
      if (++i < SIZE) return;
      state[0] = state[SIZE - 1]!;
      i = 1;
    };
    for (let round = 0; round < SIZE; round++) {
      const from = round % key.length;
      state[i] = (state[i]! ^ Math.imul(mixed(state[i - 1]!), 1_664_525)) + key[from]! + from;
      next();
    }
    for (let round = 1; round < SIZE; round++) {
      state[i] = (state[i]! ^ Math.imul(mixed(state[i - 1]!), 1_566_083_941)) - i;
      next();
    }
    state[0] = 0x8000_0000;
  }

  #uint32(): number {
    if (this.#at === SIZE) this.#twist();
    let value = this.#state[this.#at++]!;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c_5680;
    value ^= (value << 15) & 0xefc6_0000;
    return (value ^ (value >>> 18)) >>> 0;
  }

  #twist() {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const joined = (state[i]! & 0x8000_0000) | (state[(i + 1) % SIZE]! & 0x7fff_ffff);
      state[i] = state[(i + MIDDLE) % SIZE]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908_b0df : 0);
    }
    this.#at = 0;
  }
}

const mixed = (word: number) => word ^ (word >>> 30);
