import { createHmac } from "node:crypto";
import { isNumeric } from "../../packet/index.ts";
import { isMap } from "../payload_path.ts";

/** Gives what stands in the place of a value. Undefined: nothing, the key goes. */
export type Redaction = (value: unknown) => unknown;

/** What a mask leaves: the type, and that there was something. */
export const masked: Redaction = (value) => {
  if (typeof value === "string") return "***";
  if (isNumeric(value)) return 0;
  if (typeof value === "boolean") return false;
  if (ArrayBuffer.isView(value)) return new Uint8Array(0);
  return inside(value, masked);
};

/** 52 bits, so that the number is exact wherever JSON is read. */
const HEX_OF_NUMBER = 13;

/**
 * HMAC-SHA-256 with the salt as key: the same value has the same digest, so records still join, and without the salt
 * nobody can try out names or numbers. A text becomes 64 hex digits and a number a whole number below 2^52; true and false are only
 * two values, which a digest does not hide, and are masked.
 */
export const hashed = (salt: string): Redaction => {
  const digest = (text: string) => createHmac("sha256", salt).update(text).digest("hex");
  const hash: Redaction = (value) => {
    if (typeof value === "string") return digest(value);
    if (isNumeric(value)) return Number.parseInt(digest(String(value.valueOf())).slice(0, HEX_OF_NUMBER), 16);
    if (typeof value === "boolean") return false;
    if (ArrayBuffer.isView(value)) return new Uint8Array(0);
    return inside(value, hash);
  };
  return hash;
};

/** Lists and maps keep their shape; what is in them does not. */
function inside(value: unknown, redaction: Redaction): unknown {
  if (Array.isArray(value)) return value.map(redaction);
  if (!isMap(value)) return value === null || value === undefined ? value : "***";
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redaction(item)]));
}

export const removed: Redaction = () => undefined;

/**
 * A copy in which what stands at `keys` is redacted; `*` stands for every key of a map and every item of a list. Only
 * maps and lists on the way are copied. The same value when there is nothing to redact; `found` counts the places.
 */
export function redactAt(value: unknown, keys: readonly string[], redaction: Redaction, found: () => void): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) {
    found();
    return redaction(value);
  }
  const isList = Array.isArray(value);
  if (!isList && !isMap(value)) return value;
  const holder = value as Record<string, unknown>;
  const names = key === "*" ? Object.keys(holder) : Object.hasOwn(holder, key) ? [key] : [];
  let copy: Record<string, unknown> | undefined;
  for (const name of names) {
    const made = redactAt(holder[name], rest, redaction, found);
    if (made === holder[name]) continue;
    copy ??= (isList ? [...value] : { ...value }) as Record<string, unknown>;
    if (made !== undefined) copy[name] = made;
    else if (isList) copy[name] = null;
    else delete copy[name];
  }
  return copy === undefined ? value : isList ? withoutRemoved(copy as never, names, rest, redaction) : copy;
}

/** Items of a list that are removed close up; in between, a list of which an item has lost something keeps its length. */
function withoutRemoved(list: unknown[], names: readonly string[], rest: readonly string[], redaction: Redaction) {
  if (rest.length > 0 || redaction !== removed) return list;
  const gone = new Set(names);
  return list.filter((_, at) => !gone.has(String(at)));
}
