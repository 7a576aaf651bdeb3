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
  // A bracket, and behind each item a comma or the other bracket.
  let bytes = 1;
  const isList = Array.isArray(value);
  for (const key in value) {
    bytes += 1 + (isList ? 0 : textBytes(key, limit) + 1);
    bytes += jsonBytes((value as Record<string, unknown>)[key], limit - bytes, depth + 1);
    if (bytes > limit) return bytes;
  }
  return Math.max(2, bytes);
}

function textBytes(text: string, limit: number): number {
  // No text has fewer bytes than characters, and escapes only add to them.
  return text.length > limit ? text.length + 2 : Buffer.byteLength(JSON.stringify(text));
}
