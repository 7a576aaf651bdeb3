import type { Emit } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";
import type { EdgeRun } from "./producer.ts";

/** One call of `process` under way: what it works on and where its packets go. */
export interface Slot {
  packet: StreamPacket;
  root: AckRoot | undefined;
  /** Packets that this call has sent, over all edges; counted only with a root. */
  sent: number;
  input: string;
  emit: Emit;
  /** True once the call has outlived `process`; until then its packets may be handed on without an inbox. */
  outlives: boolean;
  /** Emitted before the call's turn came, when results leave in order. */
  waiting: { edge: EdgeRun; packet: StreamPacket; root: AckRoot | undefined }[];
  /** When the call outlived `process`, monotonic milliseconds; meaningful while `outlives`. */
  sinceMs: number;
  settled: boolean;
  error: unknown;
  attempts: number;
  /** When the first attempt failed, wall clock; meaningful while `attempts` is above 0. */
  failedAtMs: number;
  /** What the call returned, when it makes many packets. */
  iterator: Iterator<StreamPacket> | AsyncIterator<StreamPacket> | undefined;
}
