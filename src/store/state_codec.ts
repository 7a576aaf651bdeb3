import { Packet, seal } from "../packet/index.ts";

/**
 * State of a node as bytes: one JSON text, and behind it the typed arrays that the text refers to.
 *
 * Our own, because the pause of a checkpoint is spent here: 100,000 keys in an array of strings and three columns of
 * numbers take 2 ms this way, and 15 ms as a structured clone. JSON can be read by every later version and by a person.
 */
export interface PackedState {
  text: string;
  columns: Uint8Array<ArrayBuffer>[];
}

/** Deeper is no state but a program's own graph of objects. */
const MAX_DEPTH = 64;
/** Key of an object that stands for what JSON cannot say. */
const MARK = "$";

const COLUMNS = {
  i8: Int8Array,
  u8: Uint8Array,
  u8c: Uint8ClampedArray,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
} as const;
type Column = keyof typeof COLUMNS;
type TypedArray = InstanceType<(typeof COLUMNS)[Column]>;

/** Takes a copy of everything; the state may change afterwards. Throws an Error that names the place of what is no state. */
export function packState(state: unknown): PackedState {
  const columns: PackedState["columns"] = [];
  const text = JSON.stringify(plain(state, "state", 0, columns));
  return { text, columns };
}

/** Bytes of `packed`, without laying them out. */
export const sizeOfState = ({ text, columns }: PackedState) =>
  columns.reduce((sum, { length }) => sum + length, text.length);

export function stateBytes({ text, columns }: PackedState): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(text);
  const lengths = [json.length, ...columns.map(({ length }) => length)];
  const head = new Float64Array([lengths.length, ...lengths]);
  const parts = [new Uint8Array(head.buffer), json, ...columns];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** What {@link packState} was given. Throws when the bytes are no state. */
export function stateOf(bytes: Uint8Array): unknown {
  const lengths = readLengths(bytes);
  let at = 8 * (lengths.length + 1);
  const parts = lengths.map((length) => {
    at += length;
    return bytes.slice(at - length, at);
  });
  if (at !== bytes.length) throw new Error(`it is ${bytes.length} bytes long, and its parts are ${at}`);
  const [json, ...columns] = parts;
  return revived(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)), columns);
}

function readLengths(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length < 8 ? 0 : view.getFloat64(0, true);
  if (!Number.isInteger(count) || count < 1 || 8 * (count + 1) > bytes.length) throw new Error("its head is broken");
  return Array.from({ length: count }, (_, at) => view.getFloat64(8 * (at + 1), true));
}

/** The value as JSON can say it: itself where that is so, else a copy. */
function plain(value: unknown, place: string, depth: number, columns: PackedState["columns"]): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return isJsonNumber(value) ? value : { [MARK]: "number", of: numberText(value) };
  if (value === undefined) return { [MARK]: "undefined" };
  if (typeof value === "bigint") return { [MARK]: "bigint", of: String(value) };
  if (typeof value !== "object") throw new Error(`${place} is a ${typeof value}, and a state holds plain values`);
  if (depth > MAX_DEPTH) throw new Error(`${place.slice(0, 100)}… is more than ${MAX_DEPTH} levels deep`);
  const inside = (one: unknown, name: string | number) => plain(one, `${place}.${name}`, depth + 1, columns);
  if (Array.isArray(value)) return isJsonList(value) ? value : Array.from(value, inside);
  if (ArrayBuffer.isView(value)) return column(value, place, columns);
  if (value instanceof Map)
    return { [MARK]: "map", of: [...value].map(([key, one], at) => [inside(key, at), inside(one, at)]) };
  if (value instanceof Set) return { [MARK]: "set", of: [...value].map(inside) };
  // What nodes hold are packets, the one class that is a value.
  if (value instanceof Packet)
    return { [MARK]: packetMark(value), of: FIELDS.map((name) => inside(value[name], name)) };
  return object(value, place, inside);
}

const FIELDS = ["packet_id", "ts", "kind", "source_id", "payload", "meta"] as const;
/** Frozen where plugins could write to it, and so again. */
const packetMark = (packet: Packet) => (Object.isFrozen(packet) ? "frozen_packet" : "packet");

function packetOf(fields: unknown, inside: (one: unknown) => unknown): Packet {
  const given = (fields as unknown[]).map(inside) as ConstructorParameters<typeof Packet>;
  return new Packet(...given);
}

/** Nearly all of a large state are such lists, and looking at one costs a tenth of copying it. A hole is undefined. */
function isJsonList(list: readonly unknown[]): boolean {
  const isKind = typeof list[0] === "string" ? isText : isJsonNumber;
  for (let at = 0; at < list.length; at++) if (!isKind(list[at])) return false;
  return true;
}

const isText = (value: unknown) => typeof value === "string";
const isJsonNumber = (value: unknown) => Number.isFinite(value) && !Object.is(value, -0);
const numberText = (value: number) => (Object.is(value, -0) ? "-0" : String(value));

function column(view: ArrayBufferView, place: string, columns: PackedState["columns"]): unknown {
  const name = (Object.keys(COLUMNS) as Column[]).find((one) => view.constructor === COLUMNS[one]);
  if (name === undefined) throw new Error(`${place} is a ${view.constructor.name}, and a state holds plain values`);
  const at = columns.push(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice() as never) - 1;
  return { [MARK]: name, at };
}

function object(value: object, place: string, inside: (one: unknown, name: string) => unknown): unknown {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new Error(`${place} is a ${prototype.constructor?.name}, and a state holds plain values`);
  }
  const entries = Object.entries(value);
  // `fromEntries` makes own keys of all of them, `__proto__` too.
  const copy = Object.fromEntries(entries.map(([name, one]) => [name, inside(one, name)]));
  return Object.hasOwn(value, MARK) ? { [MARK]: "object", of: copy } : copy;
}

function revived(value: unknown, columns: readonly Uint8Array[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const inside = (one: unknown) => revived(one, columns);
  if (Array.isArray(value))
    return typeof value[0] === "string" && typeof value.at(-1) === "string"
      ? strings(value, inside)
      : value.map(inside);
  if (Object.hasOwn(value, MARK)) return marked(value as Marked, columns);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inside(one)]));
}

/** Most large lists are of strings. */
const strings = (list: unknown[], inside: (one: unknown) => unknown) =>
  list.every((one) => typeof one === "string") ? list : list.map(inside);

interface Marked {
  [MARK]: string;
  of?: unknown;
  at?: number;
}

function marked({ [MARK]: mark, of, at }: Marked, columns: readonly Uint8Array[]): unknown {
  const inside = (one: unknown) => revived(one, columns);
  if (mark === "undefined") return undefined;
  if (mark === "number") return Number(of);
  if (mark === "bigint") return BigInt(of as string);
  if (mark === "map") return new Map((of as [unknown, unknown][]).map(([key, one]) => [inside(key), inside(one)]));
  if (mark === "set") return new Set((of as unknown[]).map(inside));
  if (mark === "object")
    return Object.fromEntries(Object.entries(of as object).map(([name, one]) => [name, inside(one)]));
  if (mark === "packet") return packetOf(of, inside);
  if (mark === "frozen_packet") return seal(packetOf(of, inside));
  const bytes = columns[at ?? -1];
  if (!Object.hasOwn(COLUMNS, mark) || bytes === undefined)
    throw new Error(`it has a part "${mark}" that nobody knows`);
  return new COLUMNS[mark as Column](bytes.buffer as ArrayBuffer) as TypedArray;
}
