/** What the outermost level of an ONNX file says, read without loading it. */
export interface OnnxFile {
  readonly producer: string;
  /** Free text by key; exporters write class names here. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Fields of ModelProto (onnx.proto). */
const PRODUCER = 2;
const GRAPH = 7;
const METADATA = 14;

/** Beginnings of what people take for ONNX files. */
const OTHERS: readonly (readonly [begins: string, what: string])[] = [
  ["version https://git-lfs", "a pointer of git-lfs, not the file itself: run git lfs pull"],
  ["PK\x03\x04", "a zip archive, as PyTorch (.pt) and Keras write: export it as ONNX"],
  ["\x1f\x8b", "compressed by gzip: unpack it"],
  ["\x28\xb5\x2f\xfd", "compressed by zstd: unpack it"],
  ["<", "a web page, perhaps of a failed download"],
  ["{", "JSON"],
];

/** Throws an Error that says what the bytes are instead of a whole ONNX file. */
export function readOnnx(bytes: Uint8Array): OnnxFile {
  if (bytes.length === 0) throw new Error("it is empty (0 bytes): copy or download it again");
  const begins = String.fromCharCode(...bytes.subarray(0, 32));
  const other = OTHERS.find(([start]) => begins.trimStart().startsWith(start));
  if (other !== undefined) throw new Error(`it is no ONNX file: it is ${other[1]}`);
  const fields = fieldsOf(bytes);
  const text = (body: Uint8Array | undefined) => new TextDecoder().decode(body);
  if (!fields.some(([number]) => number === GRAPH)) throw new Error("it is no ONNX file: it holds no graph");
  const metadata = fields.filter(([number]) => number === METADATA).map(([, body]) => fieldsOf(body));
  const part = (entry: readonly Field[], wanted: number) => text(entry.find(([number]) => number === wanted)?.[1]);
  return {
    producer: text(fields.find(([number]) => number === PRODUCER)?.[1]),
    metadata: new Map(metadata.map((entry) => [part(entry, 1), part(entry, 2)])),
  };
}

type Field = readonly [number: number, body: Uint8Array];

/** More than any model has at its outermost level. */
const MAX_FIELDS = 10_000;

/** The fields of a protobuf message; those that are numbers have an empty body. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [key, afterKey] = varint(bytes, at);
    const [number, type] = [Math.floor(key / 8), key % 8];
    if (number === 0 || ![0, 1, 2, 5].includes(type) || fields.length > MAX_FIELDS) {
      throw new Error("it is no ONNX file: its bytes are no protobuf message");
    }
    const [length, start] = type === 2 ? varint(bytes, afterKey) : [0, afterKey];
    const end = type === 0 ? varint(bytes, start)[1] : start + (type === 1 ? 8 : type === 5 ? 4 : length);
    if (end > bytes.length) {
      const missing = end - bytes.length;
      throw new Error(`it is cut off, or no ONNX file: ${missing} bytes are missing at its end; copy it again`);
    }
    fields.push([number, type === 2 ? bytes.subarray(start, end) : new Uint8Array()]);
    at = end;
  }
  return fields;
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
