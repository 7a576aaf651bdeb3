import type { StreamPacket } from "../../packet/index.ts";

/** What came of a lookup. A row is any JSON value. */
export type Found =
  | { readonly status: "found"; readonly row: unknown; readonly stale?: boolean }
  | { readonly status: "missed" }
  /** It could not be asked. */
  | { readonly status: "failed"; readonly error: Error };

export const MISSED: Found = Object.freeze({ status: "missed" });

/** Where rows come from. `find` throws for a packet that cannot be looked up, whatever is there. */
export interface Lookup {
  find(packet: StreamPacket): Found | Promise<Found>;
  metrics(): Record<string, number>;
  close(): void;
}

/** A place that is asked, and not known as a whole. */
export interface Asked {
  /** Equal for packets that ask for the same. */
  key(packet: StreamPacket): string;
  /** The row; undefined when there is none. Throws, or rejects, when it cannot be asked. */
  ask(packet: StreamPacket): unknown;
  close(): void;
}
