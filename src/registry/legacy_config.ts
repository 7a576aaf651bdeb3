import { WholeFloat } from "../packet/index.ts";

/**
 * Reads a value as the predecessor's node did; what makes no sense is passed on for the schema to refuse.
 * Undefined leaves the key out, where the predecessor took its default.
 */
export type Reading = (value: unknown) => unknown;

/** How one node of the predecessor is expressed with ours. */
export interface Port {
  /** Our node's name. */
  node: string;
  /** Keys the predecessor read: how, and under which name our node has them (the same when only a reading stands). */
  keys?: Readonly<Record<string, Reading | readonly [name: string, reading: Reading]>>;
  /** Settings that give the predecessor's semantics where our default differs. */
  fixed?: Readonly<Record<string, unknown>>;
  /** What keys and fixed settings cannot say; gets the result of both. */
  finish?(config: Record<string, unknown>): Record<string, unknown>;
}

/**
 * Rewrites a predecessor config into our node's.
 *
 * `null` meant "not set" to most of its nodes, so such a key is left out. Keys it did not read stay as they
 * are: the graph reader reports them as junk.
 */
export function adaptConfig({ keys = {}, fixed, finish }: Port, config: Record<string, unknown>) {
  const adapted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const entry = Object.hasOwn(keys, key) ? keys[key]! : asIs;
    const [name, read] = typeof entry === "function" ? [key, entry] : entry;
    const adaptedValue = value === null && entry !== asIs ? undefined : read(value);
    if (adaptedValue !== undefined) adapted[name] = adaptedValue;
  }
  const whole = { ...adapted, ...fixed };
  return finish === undefined ? whole : finish(whole);
}

const TRUE = new Set(["true", "1", "yes", "on", "y", "t"]);
const FALSE = new Set(["false", "0", "no", "off", "n", "f", ""]);

/** As it stands: payloads, lists, templates. */
export const asIs: Reading = (value) => value;

/** `20.0` and `"20"` are the number 20; `${oc.env:X,20}` always gives text. */
export const number: Reading = (value) => {
  if (value instanceof WholeFloat) return value.valueOf();
  if (typeof value !== "string" || value.trim() === "") return value;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : value;
};

/** Cuts a fraction off a number, as Python's `int()` does; text with a fraction is refused, as there. */
export const integer: Reading = (value) => {
  const parsed = number(value);
  return typeof parsed === "number" && typeof value !== "string" ? Math.trunc(parsed) : parsed;
};

/**
 * Text `"False"` is false here. The predecessor took any text for true, which turned
 * `forward: ${oc.env:X,false}` on; no graph can have meant that.
 */
export const boolean: Reading = (value) => {
  if (value instanceof WholeFloat) return value.valueOf() !== 0;
  if (typeof value === "number") return value !== 0;
  if (typeof value !== "string") return value;
  const word = value.trim().toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : value;
};

/** A number or a boolean becomes text. */
export const text: Reading = (value) => {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "number" || value instanceof WholeFloat ? String(value) : value;
};

/** Seconds as whole milliseconds, at least one. */
export const milliseconds: Reading = (value) => {
  const read = number(value);
  return typeof read === "number" ? Math.max(1, Math.round(read * 1_000)) : read;
};

/** As it read names of methods. */
export const upperCase: Reading = (value) => (typeof value === "string" ? value.trim().toUpperCase() : value);

/** Limits from below, where the predecessor did. */
export const atLeast =
  (least: number, reading: Reading): Reading =>
  (value) => {
    const read = reading(value);
    return typeof read === "number" ? Math.max(least, read) : read;
  };

/** Empty text was "not set". */
export const nonEmptyText: Reading = (value) => (value === "" ? undefined : text(value));

/** Where the predecessor fell back to its default instead of failing. */
export const orDefault =
  (reading: Reading): Reading =>
  (value) => {
    const read = reading(value);
    return typeof read === "number" || read instanceof WholeFloat ? read : undefined;
  };

/** A number that keeps how it was written: `20.0`, also as text, is a float and shows it in event keys. */
export const writtenNumber: Reading = (value) => {
  const read = typeof value === "string" ? number(value) : value;
  const whole = typeof read === "number" && Number.isInteger(read);
  return whole && typeof value === "string" && !/^\s*[+-]?\d+\s*$/.test(value) ? new WholeFloat(read) : read;
};

/** Reads the values of a map by key; keys without a reading stay. What is no map is left out. */
export const mapOf =
  (readings: Readonly<Record<string, Reading>>, others: Reading = asIs): Reading =>
  (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof WholeFloat) {
      return undefined;
    }
    const entries = Object.entries(value).map(([key, item]) => [key, (readings[key] ?? others)(item)] as const);
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined && item !== null));
  };

/** A list, or nothing. */
export const list: Reading = (value) => (Array.isArray(value) ? value : undefined);

/** Read by the predecessor, without a counterpart that would change a packet. */
export const unneeded: Reading = () => undefined;

/** A list, or its items in one text with commas between them. */
export const listOf =
  (item: Reading): Reading =>
  (value) => {
    const items = typeof value === "string" ? value.split(",").map((one) => one.trim()) : value;
    if (!Array.isArray(items)) return items;
    return items.filter((one) => one !== "").map(item);
  };

/** It moved a number that was out of bounds to the nearest one. */
export const between =
  (least: number, most: number): Reading =>
  (value) => {
    const read = orDefault(number)(value);
    return typeof read === "number" ? Math.min(most, Math.max(least, read)) : read;
  };
