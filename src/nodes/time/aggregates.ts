import type { StreamPacket } from "../../packet/index.ts";
import type { AggregateConfig } from "./aggregate_config.ts";
import { type Field, FieldMaker } from "./fields.ts";
import { placeText } from "./place.ts";
import type { Store } from "./store.ts";

/** The aggregates of a node: reads a packet's values, adds them to windows, and puts what came of it into results. */
export class Aggregates {
  readonly #made = new FieldMaker();
  readonly #fields: readonly Field[];
  readonly #stores: readonly Store[];
  /** For each store, which of the inputs it takes. */
  readonly #inputs: readonly number[];
  /** Values of the packet that was read last, one per store; undefined is none. */
  readonly #values: unknown[];

  constructor(configs: Readonly<Record<string, AggregateConfig>>) {
    this.#fields = Object.entries(configs).map(([name, config]) => this.#made.field(name, config));
    this.#stores = this.#made.held.map(({ store }) => store);
    this.#inputs = this.#made.held.map(({ input }) => input);
    this.#values = this.#stores.map(() => undefined);
  }

  /** Takes the packet's values; gives how many places had none that can be counted in. */
  read(packet: StreamPacket): number {
    const { inputs } = this.#made;
    const stores = this.#stores;
    let skipped = 0;
    for (let input = 0; input < inputs.length; input++) {
      const raw = inputs[input]!.read(packet);
      let missing = 0;
      for (let at = 0; at < stores.length; at++) {
        if (this.#inputs[at] !== input) continue;
        const value = stores[at]!.prepare(raw);
        this.#values[at] = value;
        if (value === undefined) missing = 1;
      }
      skipped += missing;
    }
    return skipped;
  }

  /** Where values are read, in the words of an error. */
  places = () => this.#made.inputs.map(({ from }) => placeText(from)).join(", ");

  /** The values that were read last, to be added later; null is none. */
  kept = (): unknown[] => this.#values.map((value) => value ?? null);

  /** Adds the values that were read last, or those that were kept. */
  add(slot: number, timeMs: number, values: readonly unknown[] = this.#values) {
    const stores = this.#stores;
    for (let at = 0; at < stores.length; at++) {
      const value = values[at];
      if (value !== undefined && value !== null) stores[at]!.add(slot, value, timeMs);
    }
  }

  clear(slot: number) {
    for (const store of this.#stores) store.clear(slot);
  }

  merge(into: number, from: number) {
    for (const store of this.#stores) store.merge(into, from);
  }

  grow(capacity: number) {
    for (const store of this.#stores) store.grow(capacity);
  }

  /** Puts the fields of a slot into a result, in their order; gives the names of those that are not exact. */
  write(slot: number, result: Record<string, unknown>): string[] {
    const inexact: string[] = [];
    for (const { name, value, exact } of this.#fields) {
      result[name] = value(slot, result);
      if (exact?.(slot) === false) inexact.push(name);
    }
    return inexact;
  }

  /** Expressions that could not be evaluated over a result. */
  get failed(): number {
    return this.#made.failed;
  }

  snapshot = (used: number): unknown[] => this.#stores.map((store) => store.snapshot(used));

  restore(state: readonly unknown[]) {
    for (const [at, store] of this.#stores.entries()) store.restore(state[at]);
  }
}
