/**
 * The four things of the protobuf wire format that an ONNX file is made of.
 *
 * By hand, as they are forty lines and the packages for ONNX's schema bring megabytes of generated code.
 */
export type Field = Uint8Array;

/** What a length-delimited field may hold: text, bytes, or a message made of fields. */
export type Content = string | Uint8Array | readonly Field[];

/** A whole number; negative ones are written in two's complement of 64 bits, as protobuf's int64 is. */
export const integer = (field: number, value: number | bigint): Field =>
  Uint8Array.from([...varint(field << 3), ...varint(value)]);

/** A 32-bit float. */
export function float(field: number, value: number): Field {
  const bytes = Uint8Array.from([...varint((field << 3) | 5), 0, 0, 0, 0]);
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, value, true);
  return bytes;
}

export function chunk(field: number, content: Content): Field {
  const bytes = bytesOf(content);
  return joined([Uint8Array.from([...varint((field << 3) | 2), ...varint(bytes.length)]), bytes]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function bytesOf(content: Content): Uint8Array {
  if (typeof content === "string") return new TextEncoder().encode(content);
  return content instanceof Uint8Array ? content : joined(content);
}

/** Seven bits a byte, the lowest first; at most ten bytes. */
function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}
