import { type Field, fieldsOf } from "./protobuf_reader.ts";

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
/** More than any model has at its outermost level. */
const MAX_FIELDS = 10_000;

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
  const fields = fieldsOf(bytes, MAX_FIELDS);
  const text = (body: Uint8Array | undefined) => new TextDecoder().decode(body);
  if (!fields.some(({ number }) => number === GRAPH)) throw new Error("it is no ONNX file: it holds no graph");
  const metadata = fields.filter(({ number }) => number === METADATA).map(({ body }) => fieldsOf(body, MAX_FIELDS));
  const part = (entry: readonly Field[], wanted: number) => text(entry.find(({ number }) => number === wanted)?.body);
  return {
    producer: text(fields.find(({ number }) => number === PRODUCER)?.body),
    metadata: new Map(metadata.map((entry) => [part(entry, 1), part(entry, 2)])),
  };
}
