/**
 * - `QUEUE_BUSY`: another process has the file
 * - `QUEUE_NEWER`: a later version of schnitzel wrote it
 * - `QUEUE_FOREIGN`: a database that is no queue of this layout
 * - `QUEUE_UNOPENABLE`: the disk does not let it be opened
 * - `QUEUE_ENTRY`: what was to be enqueued cannot be
 */
export type StoreCode = "QUEUE_BUSY" | "QUEUE_NEWER" | "QUEUE_FOREIGN" | "QUEUE_UNOPENABLE" | "QUEUE_ENTRY";

/** A refusal of the store. Code compares `code`; the message is for a person. */
export class StoreError extends Error {
  readonly code: StoreCode;

  constructor(code: StoreCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
