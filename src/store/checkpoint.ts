import type { Run } from "./runs.ts";
import type { PackedState } from "./state_codec.ts";

/** Whose state it is. */
export interface StatePart {
  /** Name within the graph, such as `node avg`. */
  readonly part: string;
  /** What made it: name of the node's definition. State of one is never given to another. */
  readonly kind: string;
  /** Of what it looks like: the definition's `stateVersion`. */
  readonly version: number;
}

export interface TakenState extends StatePart {
  readonly state: PackedState;
}

/** Rows of one queue whose effects are in the states. */
export interface DoneRows {
  readonly queue: string;
  readonly runs: readonly Run[];
  /** When the newest of them was taken in: a later row of such a number is another one, of a file made anew. */
  readonly newestMs: number;
}

/** What is true of a graph at one moment. */
export interface Checkpoint {
  readonly graph: string;
  readonly takenMs: number;
  readonly states: readonly TakenState[];
  readonly done: readonly DoneRows[];
}

/** A state that was found. */
export interface KeptState extends StatePart {
  /** What was given to `packState`; undefined with `fault`. */
  readonly state: unknown;
  readonly bytes: number;
  readonly takenMs: number;
  /** It is not the newest, which is damaged: why. Without a state: none could be read. */
  readonly fault?: string | undefined;
}

export interface KeptCheckpoint {
  readonly seq: number;
  readonly graph: string;
  readonly takenMs: number;
  readonly states: readonly KeptState[];
  readonly done: readonly DoneRows[];
}

/** Why there is less than there was. */
export interface CheckpointLoss {
  /** Checkpoints that were in the file and are gone. */
  lost: number;
  /** The file was damaged and is here now. */
  movedTo: string | undefined;
}

/** Where the newest checkpoint of a graph is. Every call is one transaction, on the disk when it resolves. */
export interface CheckpointStore {
  readonly file: string;
  /** What was lost when the file was opened. */
  readonly loss: CheckpointLoss;
  /** The newest checkpoint; undefined before the first. */
  read(): Promise<KeptCheckpoint | undefined>;
  /**
   * Takes the place of the one before it. Rejects with a StoreError when it is not known to be on the disk; the one
   * before it is there then, or this one. Resolves with the bytes written: what has not changed is not written again.
   */
  commit(checkpoint: Checkpoint): Promise<number>;
  /** The queues have no row of `done` any more. */
  forgetDone(): Promise<void>;
  /** Bytes of the file and its log. */
  bytes(): number;
  close(): Promise<void>;
}
