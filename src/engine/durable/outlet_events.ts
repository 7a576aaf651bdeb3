import type { PacketFailure } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { QueueRow } from "../../store/index.ts";
import type { UnseenRows } from "./unseen.ts";

/** What an outlet tells the run it is part of. */
export interface OutletEvents {
  /** Something may have become idle or possible. */
  onChange(): void;
  /** A packet failed for the last time and is a dead letter in the queue's file. */
  onDead(packet: StreamPacket, row: QueueRow, failure: PacketFailure): void;
  /** Rows are dead letters in the queue's file without having been handed out. */
  onUnseen(rows: UnseenRows): void;
}
