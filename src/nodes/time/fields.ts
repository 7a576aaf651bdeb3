import type { StreamPacket } from "../../packet/index.ts";
import { compileValue } from "../expression.ts";
import type { AggregateConfig } from "./aggregate_config.ts";
import { CollectStore } from "./collect_store.ts";
import { DistinctStore } from "./distinct_store.ts";
import { EdgeStore } from "./edge_store.ts";
import { CountStore, ExtremeStore, MomentStore, SumStore } from "./number_stores.ts";
import { type Place, placeReader } from "./place.ts";
import { QuantileStore } from "./quantile_store.ts";
import type { Store } from "./store.ts";

const EXACT = 1_000;
const MAX_ITEMS = 1_000;

type Result = Record<string, unknown>;

/** One field of a result. */
export interface Field {
  readonly name: string;
  readonly value: (slot: number, result: Result) => unknown;
  /** Whether the value is exact; always, when left out. */
  readonly exact?: (slot: number) => boolean;
}

type Reading = Omit<Field, "name">;

/** A place that values are read from. */
interface Input {
  readonly from: Place;
  readonly read: (packet: StreamPacket) => unknown;
}

/** Makes the fields of a config. Fields that need the same of the same values share a store: sum and mean, percentiles. */
export class FieldMaker {
  readonly inputs: Input[] = [];
  readonly held: { store: Store; input: number; name: string }[] = [];
  failed = 0;

  field(name: string, config: AggregateConfig): Field {
    return { name, ...this.#reading(config) };
  }

  #reading({ fn, of, p = 0, exact = EXACT, max_items = MAX_ITEMS, cel = "" }: AggregateConfig): Reading {
    if (fn === "expression") return this.#expression(cel);
    if (of === undefined) return { value: (_slot, result) => result.count };
    const hold = <Kept extends Store>(name: string, make: () => Kept) => this.#hold(name, of, make);
    switch (fn) {
      case "count":
        return { value: hold("count", () => new CountStore()).count };
      case "sum":
        return { value: hold("sum", () => new SumStore()).sum };
      case "mean":
        return { value: hold("sum", () => new SumStore()).mean };
      case "min":
        return { value: hold("min", () => new ExtremeStore(1)).extreme };
      case "max":
        return { value: hold("max", () => new ExtremeStore(-1)).extreme };
      case "stddev":
        return { value: hold("moments", () => new MomentStore()).deviation };
      case "first":
      case "last":
        return { value: hold(fn, () => new EdgeStore(fn)).value };
      case "percentile": {
        const store = hold(`quantile ${exact}`, () => new QuantileStore(exact));
        return { value: (slot) => store.quantile(slot, p / 100), exact: store.whole };
      }
      case "distinct": {
        const store = hold(`distinct ${max_items}`, () => new DistinctStore(max_items));
        return { value: store.count, exact: store.whole };
      }
      case "collect": {
        const store = hold(`collect ${max_items}`, () => new CollectStore(max_items));
        return { value: (slot) => store.values(slot), exact: store.whole };
      }
    }
  }

  /** A result without this field is worth more than none, so an expression that fails gives null, and is counted. */
  #expression(cel: string): Reading {
    const evaluate = compileValue(cel);
    const nothing = { meta: {}, kind: "", source_id: "", ts: "" };
    return {
      value: (_slot, result) => {
        try {
          return portable(evaluate({ ...nothing, payload: result }));
        } catch {
          this.failed += 1;
          return null;
        }
      },
    };
  }

  #hold<Kept extends Store>(family: string, from: Place, make: () => Kept): Kept {
    const name = `${family} of ${JSON.stringify(from)}`;
    const known = this.held.find((held) => held.name === name);
    if (known !== undefined) return known.store as Kept;
    const store = make();
    this.held.push({ store, input: this.#input(from), name });
    return store;
  }

  #input(from: Place): number {
    const text = JSON.stringify(from);
    const known = this.inputs.findIndex((input) => JSON.stringify(input.from) === text);
    return known >= 0 ? known : this.inputs.push({ from, read: forgiving(from) }) - 1;
  }
}

/** An expression over a field that is not there gives no value, as a path that leads nowhere does. */
function forgiving(from: Place): Input["read"] {
  const read = placeReader(from);
  if (typeof from === "string" || Array.isArray(from)) return read;
  return (packet) => {
    try {
      return read(packet);
    } catch {
      return undefined;
    }
  };
}

/** Dividing by zero gives what JSON cannot hold. */
const portable = (value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? null : value);
