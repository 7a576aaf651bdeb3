import type { PacketFields } from "../../packet/index.ts";
import { parseIsoMs } from "../../packet/index.ts";
import { Refusal } from "./refusal.ts";

type Attributes = Readonly<Record<string, unknown>>;

/** A CloudEvents 1.0 event as one JSON value: its attributes and `data`. */
export function structuredEvent(value: unknown): PacketFields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("it must be a JSON object");
  const { data, data_base64, ...attributes } = value as Record<string, unknown>;
  if (data_base64 === undefined) return eventPacket(attributes, data ?? null);
  if (data !== undefined) throw bad("it has both data and data_base64");
  if (typeof data_base64 !== "string") throw bad("data_base64 must be text");
  // Text stays text: a payload of bytes could not be stored or sent on.
  return eventPacket(attributes, { base64: data_base64 });
}

/** True when the event's attributes stand in `ce-` headers, and its data is the body. */
export function isBinaryEvent({ headers }: Request): boolean {
  return headers.has("ce-specversion");
}

/** The event of a request with `ce-` headers. */
export function binaryEvent({ headers }: Request, data: unknown): PacketFields {
  const attributes: Record<string, string> = {};
  for (const [name, value] of headers) if (name.startsWith("ce-")) attributes[name.slice(3)] = decoded(value);
  return eventPacket(attributes, data);
}

/** Header values carry everything outside printable ASCII as percent escapes. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Attributes every event has, which become fields of the packet. */
const MAPPED = new Set(["specversion", "id", "source", "type", "time", "datacontenttype"]);

function eventPacket(attributes: Attributes, payload: unknown): PacketFields {
  if (attributes.specversion !== "1.0") throw bad(`specversion must be "1.0"`);
  const [id, source, type] = [needed(attributes, "id"), needed(attributes, "source"), needed(attributes, "type")];
  const { time } = attributes;
  if (time !== undefined && (typeof time !== "string" || Number.isNaN(parseIsoMs(time)))) {
    throw bad("time must be a time such as 2026-01-01T06:00:00Z");
  }
  const others = Object.entries(attributes).filter(([name, value]) => !MAPPED.has(name) && isScalar(value));
  return {
    packet_id: id,
    source_id: source,
    kind: type,
    payload,
    ...(time === undefined ? {} : { ts: time }),
    // An id is unique within its source only.
    meta: {
      idempotency_key: `${source}#${id}`,
      ...(others.length > 0 ? { cloud_event: Object.fromEntries(others) } : {}),
    },
  };
}

const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);

function needed(attributes: Attributes, name: string): string {
  const value = attributes[name];
  if (typeof value === "string" && value !== "" && value.length <= MAX_ATTRIBUTE) return value;
  throw bad(`${name} must be text of 1 to ${MAX_ATTRIBUTE} characters`);
}

/** Two of them and a `#` fit into an idempotency key of 1,024 bytes when they are ASCII. */
const MAX_ATTRIBUTE = 500;

const bad = (fact: string) => new Refusal(400, "BAD_CLOUD_EVENT", `the CloudEvent cannot be read: ${fact}`);
