/** Values nested deeper than graphs may be; whatever is, counts as too large, which also ends a cycle. */
const MAX_DEPTH = 64;

/**
 * Bytes of a value as JSON in UTF-8, binary data as it is. Counting ends as soon as `limit` is passed, so that a value of
 * any size costs no more than one of that size; the answer is then above `limit`.
 */
export function jsonBytes(value: unknown, limit: number, depth = 0): number {
  if (typeof value === "string") return textBytes(value, limit);
  if (typeof value !== "object" || value === null) return (JSON.stringify(value) ?? "").length;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (depth === MAX_DEPTH) return Number.POSITIVE_INFINITY;
  if (value instanceof Number || value instanceof Date) return (JSON.stringify(value) ?? "").length;
  return Array.isArray(value)
    ? listBytes(value, limit, depth)
    : mapBytes(value as Record<string, unknown>, limit, depth);
}

/** A bracket, and behind each item a comma or the other bracket. By number: the names of all items would be made first. */
function listBytes(list: readonly unknown[], limit: number, depth: number): number {
  let bytes = 1;
  for (let at = 0; at < list.length && bytes <= limit; at++) bytes += 1 + jsonBytes(list[at], limit - bytes, depth + 1);
  return Math.max(2, bytes);
}

function mapBytes(map: Record<string, unknown>, limit: number, depth: number): number {
  let bytes = 1;
  for (const key in map) {
    bytes += 2 + textBytes(key, limit) + jsonBytes(map[key], limit - bytes, depth + 1);
    if (bytes > limit) return bytes;
  }
  return Math.max(2, bytes);
}

function textBytes(text: string, limit: number): number {
  // No text has fewer bytes than characters, and escapes only add to them.
  return text.length > limit ? text.length + 2 : Buffer.byteLength(JSON.stringify(text));
}
