import type { PayloadRef, StreamPacket } from "../packet/index.ts";

/** A blob that stays where it is until `release`, whether or not a row names it. */
export interface HeldBlob {
  readonly ref: PayloadRef;
  /** Call it once a row that names the blob is on the disk, or nobody needs it; a second call does nothing. */
  release(): void;
}

/**
 * Bytes beside the packets of a run: files named by their content, in the run's state directory.
 *
 * A blob stays while it is held, while a row of a durable edge or a dead letter names it, and for a grace period
 * (10 minutes) after that.
 */
export interface Blobs {
  /**
   * Safe on the disk when it resolves; the same content is stored once. `bytes` must not change meanwhile.
   * Throws an error of kind `unavailable` while there is no room, and `rejected` when a blob may not be that large.
   */
  put(bytes: Uint8Array, options?: { contentType?: string | undefined }): Promise<HeldBlob>;
  /** Keeps a blob that is there already. An error of kind `rejected` when it is gone. */
  hold(ref: PayloadRef): Promise<HeldBlob>;
  /** The bytes, with size and hash checked. An error of kind `rejected` when they are gone or damaged. */
  read(ref: PayloadRef): Promise<Uint8Array>;
  /** True when a blob store made `ref`. Its path is then not looked at, only hash and size. */
  owns(ref: PayloadRef): boolean;
}

/** A packet that fits into a row: its large parts are blobs, held until `release`. */
export interface Spilled {
  readonly packet: StreamPacket;
  release(): void;
}

/** What a durable edge with `payload_ref` does to packets. */
export interface Spill {
  /** Undefined when the packet is small and without bytes: it goes into the row as it is. */
  spill(packet: StreamPacket): Promise<Spilled> | undefined;
  /** Puts back what `spill` took out; undefined when there is nothing to put back. */
  restore(packet: StreamPacket): Promise<StreamPacket> | undefined;
}
