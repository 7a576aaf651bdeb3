/** One field of a protobuf message. Those that are numbers have an empty body. */
export interface Field {
  readonly number: number;
  readonly body: Uint8Array;
  /** The value of a field that is a number; else 0. */
  readonly value: number;
  /** The field as it stands in the message, with its key. */
  readonly whole: Uint8Array;
}

/** The fields of a protobuf message, at most `most` of them. Throws when the bytes are none. */
export function fieldsOf(bytes: Uint8Array, most: number): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const field = fieldAt(bytes, at);
    if (fields.length === most) throw new Error("it is no ONNX file: its bytes are no protobuf message");
    fields.push(field);
    at += field.whole.length;
  }
  return fields;
}

function fieldAt(bytes: Uint8Array, at: number): Field {
  const [key, start] = varint(bytes, at);
  const [number, type] = [Math.floor(key / 8), key % 8];
  if (number === 0 || ![0, 1, 2, 5].includes(type)) {
    throw new Error("it is no ONNX file: its bytes are no protobuf message");
  }
  const [value, body] = type === 0 || type === 2 ? varint(bytes, start) : [0, start];
  const end = body + (type === 2 ? value : type === 1 ? 8 : type === 5 ? 4 : 0);
  if (end > bytes.length) {
    const missing = end - bytes.length;
    throw new Error(`it is cut off, or no ONNX file: ${missing} bytes are missing at its end; copy it again`);
  }
  return {
    number,
    body: type === 2 ? bytes.subarray(body, end) : new Uint8Array(),
    value: type === 0 ? value : 0,
    whole: bytes.subarray(at, end),
  };
}

/** A number of seven bits per byte; at most ten bytes. Beyond 2^53 it is not exact, and no length is. */
function varint(bytes: Uint8Array, start: number): [value: number, end: number] {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, start + i + 1];
  }
  throw new Error("it is cut off, or no ONNX file: it ends within a number; copy it again");
}
