import * as v from "valibot";
import { pythonJson, type StreamPacket, WholeFloat } from "../../packet/index.ts";

/** How a sink writes a packet as JSON; shared by the sinks of this folder. */
export const textConfig = {
  spacing: v.pipe(
    v.optional(v.picklist(["compact", "python"]), "compact"),
    v.description(
      '`compact` JSON, or `python`: `", "` and `": "`, whole floats keep `.0`, NaN and Infinity stand bare.',
    ),
  ),
  ensure_ascii: v.pipe(v.optional(v.boolean(), false), v.description("Writes everything outside ASCII as `\\uXXXX`.")),
};

export type Body = "packet" | "payload";

export interface TextOptions {
  body: Body;
  spacing: "compact" | "python";
  ensure_ascii: boolean;
  /** Spaces per level; without it everything stands on one line. */
  indent?: number;
}

/** Containers inside each other; a deeper value is a cycle or a mistake. */
const MAX_DEPTH = 256;

/**
 * JSON text of a packet or of its payload, without a line end. The function it returns throws a TypeError
 * for a value that JSON cannot hold and says where it stands, such as `payload.box[2]`.
 */
export function packetText({ body, spacing, ensure_ascii, indent }: TextOptions): (packet: StreamPacket) => string {
  const bareNumbers = spacing === "python";
  const write = (value: unknown) => {
    if (bareNumbers) return pythonJson(value, { ensureAscii: ensure_ascii, ...(indent ? { indent } : {}) });
    const text = JSON.stringify(value, null, indent);
    return ensure_ascii ? escapeNonAscii(text) : text;
  };
  return (packet) => {
    checkPortable(packet.payload, bareNumbers, "payload", 0);
    if (body === "payload") return write(packet.payload ?? null);
    const { packet_id, ts, kind, source_id, payload, meta } = packet;
    checkPortable(meta, bareNumbers, "meta", 0);
    return write({ packet_id, ts, kind, source_id, payload: payload ?? null, meta });
  };
}

/** JSON text for a reader's eye: what JSON cannot hold is shown as text, and nothing throws. */
export function readableText(options: TextOptions): (packet: StreamPacket) => string {
  const exact = packetText(options);
  return (packet) => {
    try {
      return exact(packet);
    } catch {
      const { packet_id, ts, kind, source_id, payload, meta } = packet;
      return exact({ packet_id, ts, kind, source_id, payload: shown(payload), meta: shown(meta) as typeof meta });
    }
  };
}

/** Throws when JSON cannot hold `value`: JSON.stringify would drop a function and turn NaN into null. */
function checkPortable(value: unknown, bareNumbers: boolean, path: string, depth: number): void {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return;
  if (typeof value === "number") {
    if (bareNumbers || Number.isFinite(value)) return;
    throw unwritable(path, String(value), "replace it by null upstream, or set spacing: python to write it bare");
  }
  if (typeof value !== "object") {
    if (value === undefined) return;
    throw unwritable(path, `a ${typeof value}`, "make it a string or a number upstream");
  }
  if (depth >= MAX_DEPTH) throw unwritable(path, `a cycle or more than ${MAX_DEPTH} levels`, "cut the cycle upstream");
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (needsLook(item)) checkPortable(item, bareNumbers, `${path}[${i}]`, depth + 1);
    }
    return;
  }
  if (value instanceof WholeFloat) return;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw unwritable(path, `a ${value.constructor?.name ?? "class instance"}`, "make it plain data upstream");
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (needsLook(item)) checkPortable(item, bareNumbers, `${path}.${key}`, depth + 1);
  }
}

/** Most fields are text or finite numbers; for those no path is built. */
function needsLook(item: unknown): boolean {
  return typeof item === "number" ? !Number.isFinite(item) : typeof item !== "string" && item !== null;
}

function unwritable(path: string, found: string, hint: string): TypeError {
  return new TypeError(`cannot write ${path} as JSON: it is ${found}, and JSON has no such value; ${hint}`);
}

function escapeNonAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function shown(value: unknown, around: readonly unknown[] = []): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol") return String(value);
  if (typeof value !== "object" || value === null || value instanceof WholeFloat) return value;
  if (ArrayBuffer.isView(value)) return `[${value.constructor.name}, ${value.byteLength} bytes]`;
  if (around.includes(value)) return "[cycle]";
  if (around.length >= MAX_DEPTH) return "[nested too deep]";
  const within = [...around, value];
  if (Array.isArray(value)) return value.map((item) => shown(item, within));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item, within)]));
}
