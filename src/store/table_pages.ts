/** A page of a table and the highest row number that can stand in it. */
export interface Child {
  /** From 1, as SQLite counts. */
  readonly page: number;
  readonly lastRow: number;
}

/** Kinds of the pages of a table ("B-tree Pages", https://www.sqlite.org/fileformat2.html). */
const INTERIOR = 0x05;
const LEAF = 0x0d;

export const isLeaf = (bytes: Uint8Array) => bytes[0] === LEAF;

/**
 * The pages below an interior page of a table, in the order of their rows; `lastRow` is that of the page itself.
 * Undefined when the bytes are no such page. Page 1, which begins with the header of the file, is none of ours.
 */
export function childrenOf(bytes: Uint8Array, lastRow: number): Child[] | undefined {
  if (bytes[0] !== INTERIOR) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(3);
  const children: Child[] = [];
  for (let cell = 0; cell < count; cell++) {
    const [pointer, end] = [12 + 2 * cell, bytes.length];
    const at = pointer + 2 <= end ? view.getUint16(pointer) : end;
    // A number of four bytes and one of at least one.
    if (at + 5 > end) return undefined;
    children.push({ page: view.getUint32(at), lastRow: varint(bytes, at + 4) });
  }
  return [...children, { page: view.getUint32(8), lastRow }];
}

/** Seven bits a byte, the highest first, the ninth byte whole. Exact below 2^53, which no row number reaches. */
function varint(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[start + i] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  return value * 256 + (bytes[start + 8] ?? 0);
}
