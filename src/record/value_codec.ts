import { WholeFloat } from "../packet/index.ts";

/** Containers inside each other; a deeper value is a cycle or a mistake, as for JSON lines. */
const MAX_DEPTH = 256;
/** The key that says: this map stands for something that JSON has no word for. */
const TAG = "$schnitzel";

const VIEWS = {
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};
type ViewName = keyof typeof VIEWS;

/** A value as JSON, bytes taken out of it into `bytes`. Throws a TypeError that says where something is that cannot be kept. */
export function encodeValue(value: unknown, path: string, bytes: Uint8Array[]): unknown {
  return isPlain(value, 0) ? value : encode(value, path, bytes, 0);
}

/** What {@link encodeValue} made, back again. */
export function decodeValue(value: unknown, bytes: readonly Uint8Array[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => decodeValue(item, bytes));
  if (Object.hasOwn(value, TAG)) return untagged(value as Tagged, bytes);
  // Not by assignment: a payload may have the key "__proto__".
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decodeValue(item, bytes)]));
}

/** Most payloads are; those are written without a copy. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) if (!isPlain(value[at], depth + 1)) return false;
    return true;
  }
  if (!isMap(value)) return false;
  for (const key in value) if (key === TAG || !isPlain(value[key], depth + 1)) return false;
  return true;
}

function isMap(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function encode(value: unknown, path: string, bytes: Uint8Array[], depth: number): unknown {
  if (isPlain(value, MAX_DEPTH)) return value;
  if (depth >= MAX_DEPTH) throw unrecordable(path.slice(0, 60), `a cycle or more than ${MAX_DEPTH} levels`);
  if (typeof value === "number") return { [TAG]: "number", text: Object.is(value, -0) ? "-0" : String(value) };
  if (value === undefined) return { [TAG]: "undefined" };
  if (typeof value === "bigint") return { [TAG]: "bigint", text: String(value) };
  if (typeof value !== "object" || value === null) throw unrecordable(path, `a ${typeof value}`);
  if (value instanceof WholeFloat) return { [TAG]: "whole_float", text: String(value.valueOf()) };
  if (value instanceof Date) return { [TAG]: "date", text: String(value.getTime()) };
  if (ArrayBuffer.isView(value)) return view(value, path, bytes);
  if (Array.isArray(value)) return value.map((item, at) => encode(item, `${path}[${at}]`, bytes, depth + 1));
  if (!isMap(value)) throw unrecordable(path, `a ${value.constructor?.name ?? "class instance"}`);
  const entries = Object.entries(value).map(([key, item]) => [key, encode(item, `${path}.${key}`, bytes, depth + 1)]);
  return Object.hasOwn(value, TAG) ? { [TAG]: "map", entries } : Object.fromEntries(entries);
}

function view(value: ArrayBufferView, path: string, bytes: Uint8Array[]) {
  const type = value instanceof Uint8Array ? "Uint8Array" : value.constructor.name;
  if (!Object.hasOwn(VIEWS, type)) throw unrecordable(path, `a ${type}`);
  bytes.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  return { [TAG]: "bytes", type, at: bytes.length - 1 };
}

function unrecordable(path: string, found: string): TypeError {
  return new TypeError(`${path} is ${found}, which a recording cannot hold`);
}

interface Tagged {
  [TAG]: string;
  text: string;
  type: string;
  at: number;
  entries: [string, unknown][];
}

function untagged(value: Tagged, bytes: readonly Uint8Array[]): unknown {
  const { [TAG]: what, text, entries } = value;
  if (what === "bytes") return viewOf(value, bytes);
  if (what === "number") return Number(text);
  if (what === "undefined") return undefined;
  if (what === "bigint") return BigInt(text);
  if (what === "whole_float") return new WholeFloat(Number(text));
  if (what === "date") return new Date(Number(text));
  if (what === "map") return Object.fromEntries(entries.map(([key, item]) => [key, decodeValue(item, bytes)]));
  throw new TypeError(`it holds a value of kind ${JSON.stringify(what)}, which this version does not know`);
}

function viewOf({ type, at }: Tagged, bytes: readonly Uint8Array[]): ArrayBufferView {
  const found = bytes[at];
  const View = Object.hasOwn(VIEWS, type) ? VIEWS[type as ViewName] : undefined;
  if (found === undefined || View === undefined) throw new TypeError(`it has no bytes ${at} of type ${type}`);
  // A copy begins at 0, as views of wider numbers need it.
  const own = found.slice();
  return new View(own.buffer, 0, own.byteLength / View.BYTES_PER_ELEMENT);
}
