import { createHash } from "node:crypto";

const PLAIN = /^[\x21-\x24\x26-\x7e]+$/;

/** What servers take, `http_source` included. */
const MAX_BYTES = 1_024;

/**
 * An idempotency key as a header value: printable ASCII stays, everything else and `%` is percent-encoded, so that
 * different keys stay different; a longer one is its SHA-256.
 */
export function headerKey(key: string): string {
  if (key.length <= MAX_BYTES && PLAIN.test(key)) return key;
  const encoded = key.toWellFormed().replace(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent);
  return encoded.length <= MAX_BYTES && encoded !== "" ? encoded : `sha256:${digest(key)}`;
}

/** The key of a batch: the same packets in the same order have the same one. */
export function batchKey(keys: readonly string[]): string {
  return `batch:${digest(JSON.stringify(keys))}`;
}

const digest = (text: string) => createHash("sha256").update(text).digest("hex");
