import { checkPortable, type PayloadRef, refOf, replace, type StreamPacket } from "../packet/index.ts";
import { BlobError } from "./blobs_error.ts";

/** The part of a blob store that is used here. */
export interface RefBlobs {
  put(bytes: Uint8Array, options?: { contentType?: string | undefined }): Promise<Held>;
  hold(ref: PayloadRef): Promise<Held>;
  read(ref: PayloadRef): Promise<Uint8Array>;
  owns(ref: PayloadRef): boolean;
}

interface Held {
  readonly ref: PayloadRef;
  release(): void;
}

/** A packet that fits into a row: its large parts are blobs, held until `release`. */
export interface SpilledPacket {
  readonly packet: StreamPacket;
  release(): void;
}

type Part = Pick<PayloadRef, "stands_for" | "field" | "as">;

/**
 * Takes what is too large for a row out of a packet and puts `payload.ref` in its place:
 *
 * - bytes as the payload: `{ ref }`;
 * - a map with one field of bytes, such as a frame, or of 32-bit floats, such as a sound: the map without it, and `ref`;
 * - anything whose JSON is longer than `overBytes`: `{ ref }` to the JSON text.
 *
 * Undefined when the packet is none of these. The caller writes the row, then calls `release`. A packet that refers to
 * a blob of `blobs` already is held in the same way, and refused when the blob is gone.
 */
export function spill(
  packet: StreamPacket,
  { overBytes }: { overBytes: number },
  blobs: RefBlobs,
): Promise<SpilledPacket> | undefined {
  const { payload } = packet;
  if (payload instanceof Uint8Array) return store(packet, payload, undefined, { stands_for: "payload" }, blobs);
  const field = bytesField(payload);
  if (field !== undefined) {
    const { [field]: held, ...rest } = payload as Record<string, unknown>;
    const as = held instanceof Float32Array ? ({ as: "float32" } as const) : {};
    return store(packet, memoryOf(held as Memory), rest, { stands_for: "field", field, ...as }, blobs);
  }
  const ref = ownRef(payload, blobs);
  if (ref !== undefined) return blobs.hold(ref).then(({ release }) => ({ packet, release }));
  checkPortable(payload, "payload");
  const json = JSON.stringify(payload ?? null);
  if (Buffer.byteLength(json) <= overBytes) return undefined;
  return store(packet, new TextEncoder().encode(json), undefined, { stands_for: "json" }, blobs);
}

/** Puts back what `spill` took out; undefined when the packet carries no such reference. */
export function restore(packet: StreamPacket, blobs: RefBlobs): Promise<StreamPacket> | undefined {
  const ref = ownRef(packet.payload, blobs);
  return ref?.stands_for === undefined ? undefined : putBack(packet, ref, blobs);
}

async function putBack(packet: StreamPacket, ref: PayloadRef, blobs: RefBlobs): Promise<StreamPacket> {
  return replace(packet, { payload: restored(packet.payload, ref, await blobs.read(ref)) });
}

/** The payload that a spilled one stands for. */
export function restored(payload: unknown, ref: PayloadRef, bytes: Uint8Array): unknown {
  const { stands_for, field, sha256 } = ref;
  if (stands_for === "json") {
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch (error) {
      const { message } = error as Error;
      throw new BlobError(
        "BLOB_REF",
        `cannot put the payload back: blob ${sha256} is not the JSON it should be (${message})`,
      );
    }
  }
  if (stands_for !== "field" || field === undefined) return bytes;
  const { ref: _, ...rest } = payload as Record<string, unknown>;
  return { ...rest, [field]: ref.as === "float32" ? floatsOf(bytes) : bytes };
}

type Memory = Uint8Array | Float32Array;

const memoryOf = (held: Memory): Uint8Array =>
  held instanceof Uint8Array ? held : new Uint8Array(held.buffer, held.byteOffset, held.byteLength);

/** A copy: floats must begin at a multiple of four. */
const floatsOf = (bytes: Uint8Array): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);

async function store(
  packet: StreamPacket,
  bytes: Uint8Array,
  rest: Record<string, unknown> | undefined,
  part: Part,
  blobs: RefBlobs,
): Promise<SpilledPacket> {
  const contentType = part.stands_for === "json" ? "application/json" : contentTypeOf(rest);
  const { ref, release } = await blobs.put(bytes, { contentType });
  return { packet: replace(packet, { payload: { ...rest, ref: { ...ref, ...part } } }), release };
}

const contentTypeOf = (rest: Record<string, unknown> | undefined): string =>
  typeof rest?.content_type === "string" ? rest.content_type : "application/octet-stream";

/** The key under which a map has its bytes or floats. Throws when one reference cannot stand for what it has. */
function bytesField(payload: unknown): string | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const fields = Object.entries(payload).filter(([, value]) => isMemory(value));
  if (fields.length === 0) return undefined;
  const names = fields.map(([name]) => `payload.${name}`);
  if (fields.length > 1)
    throw unstorable(names.join(" and "), "a reference stands for one of them; send them as packets of their own");
  if (Array.isArray(payload)) throw unstorable("bytes in a list", "send them as packets of their own");
  if ("ref" in payload) throw unstorable(names[0]!, "the reference would take the place of payload.ref; rename that");
  return fields[0]![0];
}

const isMemory = (value: unknown) => value instanceof Uint8Array || value instanceof Float32Array;

function unstorable(what: string, why: string): BlobError {
  return new BlobError("BLOB_REF", `cannot keep ${what} in a blob: ${why}`);
}

/** The payload's reference, when a blob store made it. */
function ownRef(payload: unknown, blobs: RefBlobs): PayloadRef | undefined {
  const ref = (payload as { ref?: PayloadRef } | null | undefined)?.ref;
  if (typeof ref !== "object" || ref === null || !blobs.owns(ref)) return undefined;
  return refOf(payload);
}
