import { WholeFloat } from "../../packet/index.ts";

/** Differences of one value that are told; the first ones say enough. */
const MAX_DIFFERENCES = 8;
/** Of a value in a message. */
const SHOWN = 200;

/** `at` where in the value, and what is wrong there. */
export interface Difference {
  readonly at: string;
  readonly text: string;
}

/**
 * What of `actual` is not as `wanted`. Keys of maps that are not written are not compared, unless `exact`; a list must
 * have the items that are written, no more.
 */
export function differences(wanted: unknown, actual: unknown, { exact = false, at = "" } = {}): Difference[] {
  const found: Difference[] = [];
  collect(wanted, actual, exact, at, found);
  return found.slice(0, MAX_DIFFERENCES);
}

function collect(wanted: unknown, actual: unknown, exact: boolean, at: string, found: Difference[]) {
  if (found.length > MAX_DIFFERENCES) return;
  const value = actual instanceof WholeFloat ? actual.valueOf() : actual;
  if (Array.isArray(wanted) && Array.isArray(value)) return lists(wanted, value, exact, at, found);
  if (isMap(wanted) && isMap(value)) return maps(wanted, value, exact, at, found);
  if (!Bun.deepEquals(wanted, value)) found.push({ at, text: `expected ${show(wanted)}, got ${show(value)}` });
}

function lists(wanted: unknown[], actual: unknown[], exact: boolean, at: string, found: Difference[]) {
  for (const [index, item] of wanted.entries()) {
    if (index < actual.length) collect(item, actual[index], exact, `${at}[${index}]`, found);
  }
  if (wanted.length === actual.length) return;
  found.push({ at, text: `expected ${wanted.length} items, got ${actual.length}` });
}

function maps(
  wanted: Record<string, unknown>,
  actual: Record<string, unknown>,
  exact: boolean,
  at: string,
  found: Difference[],
) {
  const place = (key: string) => (at === "" ? key : `${at}.${key}`);
  for (const [key, item] of Object.entries(wanted)) {
    if (Object.hasOwn(actual, key)) collect(item, actual[key], exact, place(key), found);
    else found.push({ at: place(key), text: `expected ${show(item)}, and it is not there` });
  }
  if (!exact) return;
  for (const key of Object.keys(actual)) {
    if (!Object.hasOwn(wanted, key))
      found.push({ at: place(key), text: `is ${show(actual[key])}, and was not expected` });
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** A value on one line, bounded. */
export function show(value: unknown): string {
  const text = JSON.stringify(value, shown) ?? String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function shown(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const own = this[key];
  if (ArrayBuffer.isView(own)) return `[${own.byteLength} bytes]`;
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** The lines of an indented list of differences. */
export const listed = (found: readonly Difference[]): string =>
  found.map(({ at, text }) => `\n    ${at === "" ? "" : `${at}: `}${text}`).join("");
