import type { Remuxed } from "../../media/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

/** A span of footage. Milliseconds of the footage's own time line. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the event it is about. */
  readonly atMs: number;
}

/** A moment of a stream. */
export interface Moment {
  /** Which stream: moments of one only are compared. */
  readonly stream: string;
  readonly atMs: number;
}

export interface Written extends Remuxed {
  /** It covers the span; a part of it was missing otherwise. */
  readonly whole: boolean;
  /** Its beginning. */
  readonly fromMs: number;
}

/** Where clips are cut from. */
export interface Footage {
  /** Ending of the files; known when it is open. */
  readonly ending: string;
  open(): Promise<void>;
  /** A frame came. Takes no time. */
  see(frame: StreamPacket): void;
  /** Where an event is; undefined when nothing is known of it. */
  find(event: StreamPacket): Moment | undefined;
  /** How far there is footage of a stream. */
  upToMs(stream: string): number;
  /** Keeps footage from a moment on until the returned function is called. */
  need(stream: string, fromMs: number): () => void;
  /** About how many bytes a span will have; 0: not known. */
  bytes(stream: string, span: Span): number;
  /** Writes a span into a file. Rejects when there is nothing of it, or the file cannot be written. */
  write(stream: string, span: Span, file: string, signal: AbortSignal): Promise<Written>;
  /** Nothing more comes; what there is stays until `clear`. */
  end(): Promise<void>;
  clear(): void;
  metrics(): Record<string, number>;
}

/** Footage stays for so long beyond `pre_sec`, as a detector and what follows it take their time. */
export const LATE_SEC = 10;

/** Why there is no clip when the footage has nothing of its time. */
export class NoFootage extends Error {
  constructor(what: string) {
    super(`there is no footage of its time: ${what}`);
    this.name = "NoFootage";
  }
}
