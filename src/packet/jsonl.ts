import { WholeFloat } from "./float.ts";
import { isPacket, Packet, type StreamPacket, whyNotPacket } from "./packet.ts";

/** One packet as one line of compact JSON, fields in contract order, no line end. */
export function encodeLine(packet: StreamPacket): string {
  const { packet_id, ts, kind, source_id, payload, meta } = packet;
  return JSON.stringify({ packet_id, ts, kind, source_id, payload, meta });
}

/** Parses one JSON line into a packet. Throws an Error that says which field is wrong. */
export function decodeLine(line: string): StreamPacket {
  const value: unknown = JSON.parse(line);
  if (!isPacket(value)) throw new Error(whyNotPacket(value));
  const { packet_id, ts, kind, source_id, payload, meta } = value;
  return Object.freeze(new Packet(packet_id, ts, kind, source_id, payload, meta));
}

/**
 * A float as Python's `repr` prints it: shortest round trip, `.0` on whole numbers, exponent form
 * outside 1e-4 … 1e16 with at least two exponent digits.
 */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e16) {
    // JavaScript turns to exponents only below 1e-6 and from 1e21 on, outside this range.
    const text = String(value);
    return text.includes(".") ? text : `${text}.0`;
  }
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

export interface PythonJsonOptions {
  /** Escapes everything outside ASCII as `\uXXXX`. */
  ensureAscii?: boolean;
  /** Spaces per level; without it everything stands on one line with `", "` and `": "`. */
  indent?: number;
  /** `,` and `:` alone, as its reports and its queue columns have them. */
  compact?: boolean;
  /** What to do with a value JSON cannot hold; the default throws a TypeError. */
  stringify?: (value: unknown) => string;
}

/** JSON text as the predecessor wrote it: `", "` and `": "`, floats keep `.0`, NaN and Infinity bare. */
export function pythonJson(value: unknown, options: PythonJsonOptions = {}): string {
  return writePython(value, options, 0);
}

function writePython(value: unknown, options: PythonJsonOptions, depth: number): string {
  if (value === null) return "null";
  if (typeof value === "string") return quote(value, options.ensureAscii ?? false);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value instanceof WholeFloat) return pythonFloat(value.valueOf());
  if (typeof value === "number") return Number.isInteger(value) ? wholeText(value) : pythonFloat(value);
  if (Array.isArray(value)) {
    return bracket(
      "[",
      "]",
      value.map((item) => writePython(item ?? null, options, depth + 1)),
      options,
      depth,
    );
  }
  if (isPlainMap(value)) {
    const items: string[] = [];
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      const colon = options.compact ? ":" : ": ";
      items.push(`${quote(key, options.ensureAscii ?? false)}${colon}${writePython(item, options, depth + 1)}`);
    }
    return bracket("{", "}", items, options, depth);
  }
  if (options.stringify) return quote(options.stringify(value), options.ensureAscii ?? false);
  throw new TypeError(`cannot write a ${typeof value} as JSON: make the payload portable first`);
}

/** What a bare word of Python's JSON stands for. */
const BARE = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);
/** Stands in front of a bare word made text; no sane text begins with it. */
const MARK = "\\u0000bare:";

/** Reads JSON as {@link pythonJson} writes it: whole floats stay {@link WholeFloat}, NaN and Infinity may stand bare. */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text, wholeFloats as never);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (part) =>
      BARE.has(part) ? `"${MARK}${part}"` : part,
    );
    return JSON.parse(marked, bareNumbers as never);
  }
}

function wholeFloats(_key: string, value: unknown, { source }: { source?: string }) {
  return typeof value === "number" && Number.isInteger(value) && /[.eE]/.test(source!) ? new WholeFloat(value) : value;
}

function bareNumbers(key: string, value: unknown, context: { source?: string }) {
  if (typeof value === "string" && value.startsWith("\0bare:")) return BARE.get(value.slice(6)) ?? value;
  return wholeFloats(key, value, context);
}

/** Integers beyond 2^53 came from text and print without an exponent, as Python's do. */
function wholeText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  return Math.abs(value) < 1e21 ? String(value) : BigInt(value).toString();
}

function bracket(open: string, close: string, items: string[], { indent, compact }: PythonJsonOptions, depth: number) {
  if (items.length === 0) return open + close;
  if (indent === undefined) return open + items.join(compact ? "," : ", ") + close;
  const inner = `\n${" ".repeat(indent * (depth + 1))}`;
  return `${open}${inner}${items.join(`,${inner}`)}\n${" ".repeat(indent * depth)}${close}`;
}

function isPlainMap(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function quote(text: string, ensureAscii: boolean): string {
  const quoted = JSON.stringify(text);
  if (!ensureAscii) return quoted;
  return quoted.replace(/[\u007f-\uffff]/g, (unit) =>
    unit === "\u007f" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
