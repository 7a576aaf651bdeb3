import { grown, portableValue, type Store } from "./store.ts";

/** The value of the earliest packet by event time, or of the latest; of equal times the one that came first, or last. */
export class EdgeStore implements Store {
  readonly #latest: boolean;
  /** NaN while there is none. */
  #times = new Float64Array(0);
  #values: unknown[] = [];

  constructor(edge: "first" | "last") {
    this.#latest = edge === "last";
  }

  prepare = portableValue;

  grow(capacity: number) {
    this.#times = grown(this.#times, capacity);
  }

  clear(slot: number) {
    this.#times[slot] = Number.NaN;
    this.#values[slot] = undefined;
  }

  add(slot: number, value: unknown, timeMs: number) {
    const kept = this.#times[slot]!;
    if (this.#latest ? timeMs < kept : timeMs >= kept) return;
    this.#times[slot] = timeMs;
    this.#values[slot] = value;
  }

  merge(into: number, from: number) {
    const timeMs = this.#times[from]!;
    if (!Number.isNaN(timeMs)) this.add(into, this.#values[from], timeMs);
  }

  value = (slot: number) => this.#values[slot] ?? null;

  snapshot(used: number) {
    const values = this.#values.slice(0, used);
    // JSON and structured clones differ about holes.
    for (let slot = 0; slot < used; slot++) values[slot] ??= null;
    return { times: this.#times.slice(0, used), values };
  }

  restore(state: unknown) {
    const { times, values } = state as { times: Float64Array; values: unknown[] };
    this.#times.set(times);
    this.#values = [...values];
  }
}
