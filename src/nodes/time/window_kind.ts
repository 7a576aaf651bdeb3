import type { StreamPacket } from "../../packet/index.ts";

export type Emitter = (packet: StreamPacket) => void;

/** What became of a packet: counted in, too old for its windows, or without room. */
export type Taken = "taken" | "late" | "refused";

/** How one kind of window decides which packets belong together. */
export interface WindowKind {
  /** Whether a window is due only when the watermark is past its time, and not yet when it is at it. */
  readonly strict: boolean;
  /** Counts the packet in whose values were read last. Nothing has changed when it is not taken. */
  take(key: string, timeMs: number, skipped: number, emit: Emitter): Taken;
  /** The agenda's time for a window has come. */
  due(slot: number, dueMs: number): StreamPacket | undefined;
  /** Gives what the windows of a key have, before their time, and forgets them. */
  closeKey(key: number, emit: Emitter): void;
  /** What is still open when the input has ended and everything due is done. */
  end?(): Iterable<StreamPacket>;
}

/** Results before a window's end: every so many milliseconds of event time, or every so many packets. */
export interface Early {
  everyMs: number | undefined;
  everyPackets: number | undefined;
}
