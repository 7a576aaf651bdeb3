const UNITS: Record<string, number> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

// Both cases are spelled out, as JSON Schema patterns have no flags.
export const BYTE_SIZE = /^\d+(?:\.\d+)?\s*(?:[kKmMgGtT]i?[bB]|[bB])?$/;

/** Bytes in `64MiB` (1,024-based), `2GB` (1,000-based) or a plain number. The text must match {@link BYTE_SIZE}. */
export function bytesOf(size: string | number): number {
  if (typeof size === "number") return size;
  const [, amount, unit] = /^([\d.]+)\s*(\w*)$/.exec(size)!;
  return Math.floor(Number(amount) * UNITS[unit!.toLowerCase()]!);
}
