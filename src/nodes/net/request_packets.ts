import { isPacket, type PacketFields, whyNotPacket } from "../../packet/index.ts";
import { binaryEvent, isBinaryEvent, structuredEvent } from "./cloud_event.ts";
import { readJson, readText } from "./read_json.ts";
import { Refusal } from "./refusal.ts";

export interface ReadingOptions {
  /** What the JSON body is. */
  body: "payload" | "packet" | "text";
  kind: string;
  /** Key of the payload with the source id. */
  source_id_field?: string | undefined;
  accept: readonly ("json" | "text")[];
  /** A JSON array is many packets. */
  batch: boolean;
  /** Headers that are kept. */
  headers: readonly string[];
}

/** Also the most the queue takes, which a packet without a key knows by its packet_id. */
export const MAX_KEY_BYTES = 1_024;

/** The packets a request stands for, and whether it is answered as a batch. All of them are right, or it throws. */
export function requestPackets(request: Request, bytes: Uint8Array, options: ReadingOptions) {
  const key = keyOf(request);
  const { fields, many } = readFields(request, bytes, options);
  // Every packet of a batch needs its own key, and the same ones when the batch comes again.
  const keyed = fields
    .map((one) => withHeaders(one, request, options))
    .map((one, at) => withKey(one, key === undefined || !many ? key : `${key}/${at}`));
  return { fields: keyed, many };
}

/** What a request's body is, by its content type. Throws a {@link Refusal} when it is none that is taken. */
export function contentOf(request: Request, { accept, body }: ReadingOptions): Content {
  if (body === "text") return "text";
  const header = request.headers.get("content-type") ?? "";
  const type = header.split(";", 1)[0]!.trim().toLowerCase();
  const content = contentNamed(type);
  if (content !== undefined && (content === "event" || content === "events" || accept.includes(content)))
    return content;
  const allowed = accept.map((name) => (name === "json" ? "application/json" : "text/plain")).join(" or ");
  const given = type === "" ? "without a content type" : `of type "${type.slice(0, 80)}"`;
  throw new Refusal(415, "CONTENT_TYPE", `a body ${given} is not taken here: send ${allowed}`, { Accept: allowed });
}

type Content = "json" | "text" | "event" | "events";

function contentNamed(type: string): Content | undefined {
  if (type === "application/cloudevents+json") return "event";
  if (type === "application/cloudevents-batch+json") return "events";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  return type.startsWith("text/") ? "text" : undefined;
}

function readFields(request: Request, bytes: Uint8Array, options: ReadingOptions) {
  const content = contentOf(request, options);
  const one = (fields: PacketFields) => ({ fields: [fields], many: false });
  if (content === "event") return one(structuredEvent(readJson(bytes)));
  if (content === "events") return { fields: listed(readJson(bytes), structuredEvent), many: true };
  if (options.body === "text") return one(payloadFields(readText(bytes), options));
  const value = content === "text" ? readText(bytes) : readJson(bytes);
  if (isBinaryEvent(request)) return one(binaryEvent(request, value));
  const read = (item: unknown) => (options.body === "packet" ? packetFields(item) : payloadFields(item, options));
  if (options.batch && Array.isArray(value)) return { fields: listed(value, read), many: true };
  return one(read(value));
}

/** One bad item refuses them all: whoever sent the batch can repair and send it again as it is. */
function listed(value: unknown, read: (item: unknown) => PacketFields): PacketFields[] {
  if (!Array.isArray(value)) throw new Refusal(400, "BAD_BATCH", "a batch must be a JSON array");
  if (value.length === 0) throw new Refusal(400, "BAD_BATCH", "the batch is empty: send at least one item");
  return value.map((item, at) => {
    try {
      return read(item);
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal(400, error.code, `item ${at}: ${error.message}`);
      throw error;
    }
  });
}

function payloadFields(payload: unknown, { kind, source_id_field }: ReadingOptions): PacketFields {
  if (source_id_field === undefined) return { kind, payload };
  const source = Object(payload)[source_id_field] as unknown;
  if (typeof source === "string" && source !== "" && source.length <= MAX_KEY_BYTES) {
    return { kind, payload, source_id: source };
  }
  const fact = `its key "${source_id_field}" must be text of 1 to ${MAX_KEY_BYTES} characters`;
  throw new Refusal(400, "BAD_SOURCE_ID", `the payload names no source: ${fact}`);
}

function packetFields(value: unknown): PacketFields {
  if (!isPacket(value)) throw new Refusal(400, "BAD_PACKET", `the body is not a packet: ${whyNotPacket(value)}`);
  const { packet_id, ts, kind, source_id, payload, meta } = value;
  if (packet_id === "" || Array.isArray(meta)) {
    throw new Refusal(400, "BAD_PACKET", "the body is not a packet: packet_id must not be empty, and meta is a map");
  }
  for (const [name, text] of Object.entries({ packet_id, ts, kind, source_id })) {
    const bytes = Buffer.byteLength(text);
    if (bytes <= MAX_KEY_BYTES) continue;
    const fact = `its ${name} must be at most ${MAX_KEY_BYTES} bytes: it has ${bytes}`;
    throw new Refusal(400, "BAD_PACKET", `the body is a packet that is not taken: ${fact}`);
  }
  return { packet_id, ts, kind, source_id, payload, meta };
}

/** Longest value that is kept, as long as a key may be. */
const MAX_HEADER = 1_024;

/** Missing ones are left out; what is too long is no signature, and is refused. */
function withHeaders(fields: PacketFields, request: Request, { headers: names }: ReadingOptions): PacketFields {
  if (names.length === 0) return fields;
  const headers: Record<string, string> = {};
  for (const name of names) {
    const value = request.headers.get(name);
    if (value === null) continue;
    if (value.length > MAX_HEADER) {
      throw new Refusal(
        400,
        "HEADER_TOO_LONG",
        `the header ${name} must be at most ${MAX_HEADER} characters: it has ${value.length}`,
      );
    }
    headers[name.toLowerCase()] = value;
  }
  return { ...fields, meta: { ...fields.meta, headers } };
}

function keyOf({ headers }: Request): string | undefined {
  return headers.get("idempotency-key") ?? undefined;
}

function withKey(fields: PacketFields, header: string | undefined): PacketFields {
  const key = header ?? fields.meta?.idempotency_key;
  if (key === undefined) return fields;
  const bytes = typeof key === "string" ? Buffer.byteLength(key) : 0;
  if (bytes === 0 || bytes > MAX_KEY_BYTES) {
    const now = typeof key === "string" ? `it has ${bytes}` : `it is a ${typeof key}`;
    throw new Refusal(400, "KEY_REFUSED", `the idempotency key must be text of 1 to ${MAX_KEY_BYTES} bytes: ${now}`);
  }
  return { ...fields, meta: { ...fields.meta, idempotency_key: key } };
}
