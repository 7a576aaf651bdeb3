import type { Checkpoint, CheckpointLoss, KeptCheckpoint } from "./checkpoint.ts";
import type { PlainError } from "./plain_error.ts";
import type { QueueOptions, QueueStats } from "./queue.ts";
import type { PackedAnswers, PackedAsked } from "./wire.ts";

/** What the main thread asks of the one that hosts the files. `file` is a number of its own. */
export type Call =
  | { call: number; what: "open"; file: number; path: string; options: QueueOptions; nowMs: number }
  | { call: number; what: "round"; file: number; nowMs: number; asked: PackedAsked }
  | { call: number; what: "open_state"; file: number; path: string; allowNetworkDisk: boolean }
  | { call: number; what: "state"; file: number; ask: StateAsk }
  | { call: number; what: "close"; file: number };

/** What is asked of a file of checkpoints. */
export type StateAsk = { op: "read" } | { op: "commit"; checkpoint: Checkpoint } | { op: "forget_done" };

export interface RoundReply extends PackedAnswers {
  stats: QueueStats;
  dueMs: number | undefined;
}

export type Reply =
  | { call: number; what: "opened"; stats: QueueStats }
  | { call: number; what: "round"; round: RoundReply }
  | { call: number; what: "state_opened"; loss: CheckpointLoss; fileBytes: number }
  | { call: number; what: "state"; kept: KeptCheckpoint | undefined; written: number; fileBytes: number }
  | { call: number; what: "closed" }
  | { call: number; what: "error"; error: PlainError };

/** Told without being asked: what an operator should know. */
export interface Event {
  what: "event";
  file: number;
  level: "info" | "warn" | "error";
  message: string;
  fields: Readonly<Record<string, unknown>>;
}
