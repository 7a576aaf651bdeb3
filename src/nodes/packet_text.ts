import * as v from "valibot";
import { checkPortable, MAX_DEPTH, pythonJson, type StreamPacket, WholeFloat } from "../packet/index.ts";

/** How a sink writes a packet as JSON; shared by every sink that writes JSON. */
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

/**
 * JSON text of a packet or of its payload, without a line end. The function it returns throws a TypeError
 * for a value that JSON cannot hold and says where it stands, such as `payload.box[2]`.
 */
export function packetText({ body, spacing, ensure_ascii, indent }: TextOptions): (packet: StreamPacket) => string {
  const bareNumbers = spacing === "python";
  const portable = { bareNumbers, bareHint: "set spacing: python to write it bare" };
  const write = (value: unknown) => {
    if (bareNumbers) return pythonJson(value, { ensureAscii: ensure_ascii, ...(indent ? { indent } : {}) });
    const text = JSON.stringify(value, null, indent);
    return ensure_ascii ? escapeNonAscii(text) : text;
  };
  return (packet) => {
    checkPortable(packet.payload, "payload", portable);
    if (body === "payload") return write(packet.payload ?? null);
    const { packet_id, ts, kind, source_id, payload, meta } = packet;
    checkPortable(meta, "meta", portable);
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
