const SCHEMES = ["file", "shm", "http", "https", "s3", "nats"] as const;

export type RefScheme = (typeof SCHEMES)[number];

/** Where bytes outside a packet are, and what they must be. */
export interface PayloadRef {
  scheme: RefScheme;
  /** Absolute path for `file` and `shm`. */
  path?: string;
  /** Address for the other schemes. */
  uri?: string;
  content_type?: string | null;
  size_bytes?: number;
  /** Lower-case hex. */
  sha256?: string;
  /** Who removes the bytes: the node id of the producer, or `blob_store`. */
  owner?: string;
  /** Set by a durable edge that took the bytes out of the payload: what to put back. */
  stands_for?: "payload" | "json" | "field";
  /** With `stands_for: field`, the payload's key that the bytes were under. */
  field?: string;
  /** With `stands_for: field`, what the bytes are the memory of; plain bytes unless given. Little-endian. */
  as?: "float32";
}

/** A pointer to bytes kept outside the packet, the payload of kind `bytes_ref`. */
export interface BytesRef {
  ref: PayloadRef;
}

export function isBytesRef(payload: unknown): payload is BytesRef {
  if (typeof payload !== "object" || payload === null) return false;
  const ref = (payload as { ref?: unknown }).ref;
  if (typeof ref !== "object" || ref === null) return false;
  const { scheme, path, uri } = ref as Record<string, unknown>;
  return SCHEMES.includes(scheme as RefScheme) && (typeof path === "string" || typeof uri === "string");
}

/** The reference a payload carries, with every field checked; throws a TypeError that names the one that is wrong. */
export function refOf(payload: unknown): PayloadRef {
  if (!isBytesRef(payload)) {
    throw new TypeError(
      `payload.ref must be a map with a scheme (${SCHEMES.join(", ")}) and a path or a uri, this payload has none`,
    );
  }
  const { ref } = payload;
  for (const name of ["path", "uri", "owner", "field"] as const) {
    if (ref[name] !== undefined && typeof ref[name] !== "string") throw wrong(name, "a text", ref[name]);
  }
  if (ref.content_type != null && typeof ref.content_type !== "string") {
    throw wrong("content_type", "a text", ref.content_type);
  }
  if (ref.size_bytes !== undefined && !(Number.isSafeInteger(ref.size_bytes) && ref.size_bytes >= 0)) {
    throw wrong("size_bytes", "a whole number of bytes", ref.size_bytes);
  }
  if (ref.sha256 !== undefined && !(typeof ref.sha256 === "string" && /^[0-9a-f]{64}$/.test(ref.sha256))) {
    throw wrong("sha256", "64 lower-case hex digits", ref.sha256);
  }
  return ref;
}

/** At most so much of a value that is no reference is told. */
const SHOWN = 80;

function wrong(name: string, allowed: string, value: unknown): TypeError {
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, SHOWN)) : String(typeof value);
  const text = typeof value === "number" ? String(value) : shown;
  return new TypeError(`payload.ref.${name} must be ${allowed}: it is ${text}`);
}
