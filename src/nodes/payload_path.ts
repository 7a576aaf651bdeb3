/** A place in a payload: `door.open`, or its keys one by one where a key has a dot in it. */
export type PayloadPath = string | readonly string[];

type Map = Record<string, unknown>;

export const keysOf = (path: PayloadPath): readonly string[] => (typeof path === "string" ? path.split(".") : path);

export const pathText = (path: PayloadPath): string => keysOf(path).join(".");

export const isMap = (value: unknown): value is Map =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** The value at `path`; `found` is false when a key on the way is missing. */
export function readPath(payload: unknown, path: PayloadPath): { found: boolean; value: unknown } {
  let value = payload;
  for (const key of keysOf(path)) {
    if (!isMap(value) || !Object.hasOwn(value, key)) return { found: false, value: undefined };
    value = value[key];
  }
  return { found: true, value };
}

/**
 * A copy of `payload` with `value` at `path`; only the maps on the way are copied, missing ones are made.
 * Throws when something on the way is no map.
 */
export function withPath(payload: unknown, path: PayloadPath, value: unknown): Map {
  const [key, ...rest] = keysOf(path) as [string, ...string[]];
  const map = mapAt(payload, path);
  if (rest.length === 0) return { ...map, [key]: value };
  const inner = Object.hasOwn(map, key) ? map[key] : {};
  return { ...map, [key]: withPath(inner, rest, value) };
}

/** A copy of `payload` without `path`; the same object when it is not there. */
export function withoutPath(payload: unknown, path: PayloadPath): Map {
  const [key, ...rest] = keysOf(path) as [string, ...string[]];
  const map = mapAt(payload, path);
  if (!readPath(map, path).found) return map;
  if (rest.length > 0) return { ...map, [key]: withoutPath(map[key], rest) };
  const { [key]: _, ...others } = map;
  return others;
}

function mapAt(value: unknown, path: PayloadPath): Map {
  if (isMap(value)) return value;
  const got = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
  throw new TypeError(`cannot reach "${pathText(path)}" in the payload: expected a map there, got ${got}`);
}
