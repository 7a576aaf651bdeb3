/**
 * The world outside cannot take a packet now, and nothing is wrong with the packet: a refused or reset connection, a
 * timeout, a server that says "later". A node throws it; the try does not count against the packet.
 */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
  /** How long the other side asked to be left alone, when it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { retryAfterMs, cause }: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/** The packet will never be taken as it is, so another try cannot help. A node throws it. */
export class Rejected extends Error {
  override readonly name = "Rejected";
}

/** `unavailable` and `rejected` as above; `failed`: this try failed and counts. */
export type FailureKind = "unavailable" | "rejected" | "failed";

/** Why a packet was not done, as the source that waits for it hears it. */
export interface PacketFailure {
  readonly kind: FailureKind;
  readonly error: Error;
  /** Id of the node that failed; undefined when the run ended before the packet did. */
  readonly node: string | undefined;
  /** Input port it came in by. */
  readonly port: string | undefined;
}

/** By name and not by class: a plugin's copy of a class is another one, and an error may have crossed a thread. */
export function failureKind(error: Error): FailureKind {
  if (error.name === "Unavailable") return "unavailable";
  return error.name === "Rejected" ? "rejected" : "failed";
}
