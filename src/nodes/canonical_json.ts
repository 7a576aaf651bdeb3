import { isMap } from "./payload_path.ts";

/**
 * JSON with the keys of every map in order (RFC 8785): both ends of a signature write the same bytes, whatever order a
 * map came in. Numbers and texts are written as JSON.stringify does, which is what the RFC prescribes. By hand, as that
 * is all there is to it. Throws a TypeError for what JSON cannot hold.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (isMap(value) && Object.getPrototypeOf(value) === Object.prototype) {
    const entries = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
    return `{${entries.join(",")}}`;
  }
  const text = typeof value === "number" && !Number.isFinite(value) ? undefined : JSON.stringify(value);
  if (text === undefined || ArrayBuffer.isView(value))
    throw new TypeError(`JSON cannot hold ${String(value).slice(0, 40)}`);
  return text;
}
