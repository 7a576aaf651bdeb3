import { StoreError } from "./error.ts";
import type { OpenedFile, Refusal } from "./guards.ts";

/** Whether rows are taken, and why not. */
export class Admission {
  readonly #file: string;
  /** The last enqueue that was applied, and the last one that is committed. */
  #taken: number | undefined;
  #committed: number | undefined;
  #refused: { reason: Refusal } | { reason: "max_bytes"; bytes: number } | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Asked before an enqueue; what comes back is why it is refused. */
  ask({ guards }: OpenedFile, after: number | undefined): StoreError | undefined {
    const reason = guards.beforeEnqueue();
    if (reason !== undefined) return this.refuse(reason);
    if (after === undefined || after === this.#taken) return undefined;
    const message = `cannot enqueue into ${this.#file}: the call that this one follows was not done; ask again`;
    return new StoreError("QUEUE_UNWRITABLE", message);
  }

  /** The enqueue of this number was applied; it counts for those that follow it unless it is undone. */
  took(id: number) {
    this.#taken = id;
  }

  committed() {
    this.#committed = this.#taken;
  }

  undone() {
    this.#taken = this.#committed;
  }

  refuse(reason: Refusal): StoreError {
    this.#refused = { reason };
    return new StoreError("QUEUE_FULL", `cannot enqueue into ${this.#file}: ${WHY[reason]}`);
  }

  /** An enqueue did not fit under `max_bytes`; there is room again when the queue holds less than now. */
  noRoom(bytes: number) {
    this.#refused = { reason: "max_bytes", bytes };
  }

  /** Why nothing is taken, looked at again, since room may be there by now. */
  full({ guards }: OpenedFile, bytes: number): string | undefined {
    const refused = this.#refused;
    if (refused === undefined) return undefined;
    const still = "bytes" in refused ? bytes >= refused.bytes : guards.beforeEnqueue() !== undefined;
    if (!still) this.#refused = undefined;
    return this.#refused?.reason;
  }
}

const WHY: Record<Refusal, string> = {
  min_free: "its disk has less room free than min_free asks for; make room there, or lower min_free",
  disk: "its disk is full; make room there",
  wal: "its log (-wal) is too long and cannot be folded in; look at the disk",
};
