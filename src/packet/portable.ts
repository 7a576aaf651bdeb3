import { WholeFloat } from "./float.ts";

/** Containers inside each other; a deeper value is a cycle or a mistake. */
export const MAX_DEPTH = 256;

/** Of the way into a cycle: it repeats itself. */
const SHOWN_CHARACTERS = 60;

export interface PortableOptions {
  /** NaN and Infinity pass, for text that writes them bare. */
  bareNumbers?: boolean;
  /** What else to do about NaN and Infinity, such as the setting that lets them pass. */
  bareHint?: string;
}

/**
 * Throws a TypeError when JSON cannot hold `value`, and says where it stands, such as `payload.box[2]`:
 * JSON.stringify would drop a function, turn NaN into null and a Date into text.
 */
export function checkPortable(value: unknown, path: string, options: PortableOptions = {}, depth = 0): void {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return;
  if (typeof value === "number") {
    checkNumber(value, path, options);
    return;
  }
  if (typeof value !== "object") {
    if (value === undefined) return;
    throw unwritable(path, `a ${typeof value}`, "make it a string or a number upstream");
  }
  if (depth >= MAX_DEPTH) {
    const found = `a cycle or more than ${MAX_DEPTH} levels`;
    throw unwritable(`${path.slice(0, SHOWN_CHARACTERS)}…`, found, "cut the cycle upstream");
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (needsLook(item)) checkPortable(item, `${path}[${i}]`, options, depth + 1);
    }
    return;
  }
  if (value instanceof WholeFloat) return;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw unwritable(path, `a ${value.constructor?.name ?? "class instance"}`, "make it plain data upstream");
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (needsLook(item)) checkPortable(item, `${path}.${key}`, options, depth + 1);
  }
}

function checkNumber(value: number, path: string, { bareNumbers = false, bareHint }: PortableOptions) {
  if (bareNumbers || Number.isFinite(value)) return;
  const otherwise = bareHint === undefined ? "" : `, or ${bareHint}`;
  throw unwritable(path, String(value), `replace it by null upstream${otherwise}`);
}

/** Most fields are text or finite numbers; for those no path is built. */
function needsLook(item: unknown): boolean {
  return typeof item === "number" ? !Number.isFinite(item) : typeof item !== "string" && item !== null;
}

function unwritable(path: string, found: string, hint: string): TypeError {
  return new TypeError(`cannot write ${path} as JSON: it is ${found}, and JSON has no such value; ${hint}`);
}
