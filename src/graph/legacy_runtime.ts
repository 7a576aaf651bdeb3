import { isNumeric, WholeFloat } from "../packet/index.ts";
import type { ReadRuntime } from "./delivery.ts";
import { LEGACY_WEIGHT_KEY, MAX_CAPACITY, runtimeOptions } from "./runtime.ts";
import { pythonNumber } from "./scalars.ts";

const OVERFLOW = { drop_new: "drop_new", drop_oldest: "drop_oldest", error: "error", weighted_drop: "weighted_drop" };
const KEYS = ["inbox_max", "inbox_overflow", "overflow_weight_key", "overflow_weights", "overflow_default_weight"];

/** What the predecessor read without a word; we say it. `key` names the value inside `__runtime__`. */
export type Warn = (key: string, message: string) => void;

/**
 * `config.__runtime__` as the predecessor read it: anything that is no positive number means unbounded,
 * an unknown policy means `drop_new`, and without a bound no policy ever acts.
 *
 * Unbounded becomes {@link MAX_CAPACITY} packets and producers that wait, so nothing is lost either way.
 */
export function legacyRuntime(given: Record<string, unknown>, warn: Warn): ReadRuntime {
  for (const key of Object.keys(given)) {
    if (!KEYS.includes(key)) warn(key, `${key} is not known and ignored: the keys are ${KEYS.join(", ")}`);
  }
  if (given.inbox_max === undefined || given.inbox_max === null) return runtimeOptions();
  const capacity = wholeNumber(given.inbox_max);
  if (capacity === undefined || capacity <= 0 || capacity > MAX_CAPACITY) {
    warn(
      "inbox_max",
      `inbox_max is no number from 1 to ${MAX_CAPACITY}: the inbox holds ${MAX_CAPACITY} packets, then producers wait`,
    );
    return runtimeOptions({ inbox_max: MAX_CAPACITY });
  }
  return runtimeOptions({
    inbox_max: capacity,
    inbox_overflow: policy(given.inbox_overflow, warn),
    ...weights(given, warn),
  });
}

function policy(word: unknown, warn: Warn): string {
  if (word === undefined || word === null) return "drop_new";
  const known = typeof word === "string" && Object.hasOwn(OVERFLOW, word.trim().toLowerCase());
  if (known) return (word as string).trim().toLowerCase();
  warn("inbox_overflow", `inbox_overflow is none of ${Object.keys(OVERFLOW).join(", ")}: read as drop_new`);
  return "drop_new";
}

function weights(given: Record<string, unknown>, warn: Warn) {
  const values: Record<string, number> = {};
  const table = given.overflow_weights;
  for (const [name, weight] of Object.entries(typeof table === "object" && table !== null ? table : {})) {
    const number = decimal(weight);
    if (number !== undefined) values[name] = number;
    else warn("overflow_weights", `overflow_weights.${name} is no number and ignored`);
  }
  const key = given.overflow_weight_key;
  return {
    overflow_weight_key: typeof key === "string" && key.trim() !== "" ? key.trim() : LEGACY_WEIGHT_KEY,
    overflow_weights: values,
    overflow_default_weight: decimal(given.overflow_default_weight) ?? 1,
  };
}

/** What Python's `float()` makes of it. */
function decimal(value: unknown): number | undefined {
  if (isNumeric(value)) return value.valueOf();
  if (typeof value === "boolean") return Number(value);
  return typeof value === "string" ? pythonNumber(value) : undefined;
}

/** What Python's `int()` makes of it: numbers lose their fraction, text must be a whole number. */
function wholeNumber(value: unknown): number | undefined {
  if (typeof value === "string") return /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : undefined;
  const number = value instanceof WholeFloat ? value.valueOf() : decimal(value);
  return number === undefined || !Number.isFinite(number) ? undefined : Math.trunc(number);
}
