import type { StreamPacket } from "../packet/index.ts";

/** Rises when an older program could not read what a newer one writes. */
export const RECORDING_VERSION = 1;

/**
 * A recording is lines of JSON. The first is the header; each other one says what happened `at` so many milliseconds
 * after the start of the run. A line with `bytes` is followed by pieces of so many raw bytes, and a line feed.
 */
export interface RecordingHeader {
  readonly schnitzel_recording: number;
  readonly graph: { readonly name: string; readonly path: string; readonly hash: string };
  readonly seed: number;
  /** Of the program that wrote it. */
  readonly version: string;
  /** Wall clock when the run began, ISO-8601 UTC. */
  readonly started_at: string;
  readonly sources: readonly { readonly node: string; readonly plugin: string; readonly port: string }[];
  /** Paths that were masked, `schnitzel run --record-mask`. */
  readonly masked: readonly string[];
}

/** A packet that a source handed to the graph. */
export interface PacketRecord {
  readonly at: number;
  /** Node and output port: `cam.out`. */
  readonly from: string;
  readonly packet: StreamPacket;
  /** What `payload.ref` led to, when that was recorded, too. */
  readonly referred?: Uint8Array;
}

export type RecordingEvent =
  | PacketRecord
  /** A packet that could not be written, and why. */
  | { readonly at: number; readonly from: string; readonly lost: string }
  /** A source came to its end. */
  | { readonly at: number; readonly ended: string }
  /** The last line: why there are no more. */
  | { readonly at: number; readonly closed: ClosedBy };

/** The run ended, or before that a bound was reached or the disk was too slow. One that fails leaves no such line. */
export type ClosedBy = "run_ended" | "max_bytes" | "max_seconds" | "slow_disk";

/** As it stands in the file. */
export interface WrittenLine {
  at: number;
  from?: string;
  packet?: Record<string, unknown>;
  bytes?: number[];
  /** Which of the bytes are those that `payload.ref` led to. */
  referred?: number;
  lost?: string;
  ended?: string;
  closed?: ClosedBy;
}

/** Why the file at hand is no recording, or its rest cannot be used. */
export class RecordingError extends Error {
  override readonly name = "RecordingError";
}
