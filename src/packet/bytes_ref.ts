/** A pointer to bytes kept outside the packet, the payload of kind `bytes_ref`. */
export interface BytesRef {
  ref: {
    scheme: "file" | "shm" | "http" | "https" | "s3" | "nats";
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
  };
}

const SCHEMES = ["file", "shm", "http", "https", "s3", "nats"];

export function isBytesRef(payload: unknown): payload is BytesRef {
  if (typeof payload !== "object" || payload === null) return false;
  const ref = (payload as { ref?: unknown }).ref;
  if (typeof ref !== "object" || ref === null) return false;
  const { scheme, path, uri } = ref as Record<string, unknown>;
  return SCHEMES.includes(scheme as string) && (typeof path === "string" || typeof uri === "string");
}
