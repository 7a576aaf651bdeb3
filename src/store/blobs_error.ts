/**
 * - `BLOB_FULL`: no room at the moment; nothing was written
 * - `BLOB_UNWRITABLE`: the disk failed while it was written; nothing names it yet
 * - `BLOB_TOO_LARGE`: larger than one blob may be
 * - `BLOB_MISSING`: no such blob is here
 * - `BLOB_DAMAGED`: its bytes are not those that were stored
 * - `BLOB_UNREADABLE`: the disk failed while it was read
 * - `BLOB_REF`: a reference that no blob store made
 */
export type BlobCode =
  | "BLOB_FULL"
  | "BLOB_UNWRITABLE"
  | "BLOB_TOO_LARGE"
  | "BLOB_MISSING"
  | "BLOB_DAMAGED"
  | "BLOB_UNREADABLE"
  | "BLOB_REF";

/** By its name the engine tells what an error means for the packet: wait, or set aside at once, or try again. */
const KIND: Record<BlobCode, "Unavailable" | "Rejected" | "BlobError"> = {
  BLOB_FULL: "Unavailable",
  BLOB_UNWRITABLE: "Unavailable",
  BLOB_TOO_LARGE: "Rejected",
  BLOB_MISSING: "Rejected",
  BLOB_DAMAGED: "Rejected",
  BLOB_UNREADABLE: "BlobError",
  BLOB_REF: "Rejected",
};

/** Room comes back with a sweep or with acks, so asking more often finds nothing new. */
const RETRY_AFTER_MS = 1_000;

/** A refusal of the blob store. Code compares `code`; the message is for a person. */
export class BlobError extends Error {
  override readonly name: string;
  readonly code: BlobCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: BlobCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
    this.name = KIND[code];
    this.retryAfterMs = this.name === "Unavailable" ? RETRY_AFTER_MS : undefined;
  }
}
