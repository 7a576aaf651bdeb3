import { WholeFloat } from "../packet/index.ts";

/** Reads a value as the predecessor's node did; what makes no sense is passed on for the schema to refuse. */
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
    const entry = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (entry === undefined) adapted[key] = value;
    else if (value !== null && typeof entry === "function") adapted[key] = entry(value);
    else if (value !== null && typeof entry === "object") adapted[entry[0]] = entry[1](value);
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

/** Limits from below, where the predecessor did. */
export const atLeast =
  (least: number, reading: Reading): Reading =>
  (value) => {
    const read = reading(value);
    return typeof read === "number" ? Math.max(least, read) : read;
  };
