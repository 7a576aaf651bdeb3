import { fullJitterMs } from "../../base/backoff.ts";
import type { Random } from "../../base/random.ts";
import type { DurableOptions } from "../../graph/plan.ts";
import { failureKind, type PacketFailure } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { Failure, QueueRow } from "../../store/index.ts";

/** A row that is nacked; `told`: what was handed out, and what became of it. */
export interface FailedRow extends Failure {
  row: QueueRow;
  told: { packet: StreamPacket; failure: PacketFailure } | undefined;
}

/** What the queue is told of a row that failed: whether it counts, whether it is final, and how long it stays away. */
export class RowFailures {
  readonly #options: DurableOptions;
  readonly #random: Random;
  /** Failures in a row because the outside was away; the waits between them grow. */
  #away = 0;

  constructor(options: DurableOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  succeeded() {
    this.#away = 0;
  }

  /** A row whose payload could not be read now; `name`: of its edge. */
  unread(row: QueueRow, error: Error, name: string): Failure {
    return this.of(row, error.message, { kind: failureKind(error), error, node: name, port: undefined });
  }

  of({ seq, attempt }: QueueRow, told: string, { kind, error, node, port }: PacketFailure): Failure {
    const { backoff_ms, backoff_max_ms } = this.#options;
    const away = kind === "unavailable";
    // A run that ends gives back what it could not finish, for the next one to begin with.
    const ending = away && node === undefined;
    const tries = away ? this.#away++ : attempt - 1;
    const delayMs = ending ? 0 : fullJitterMs(this.#random, tries, backoff_ms, backoff_max_ms);
    // The node has a column of its own, so its own words are enough.
    const cause = error.cause instanceof Error ? error.cause : undefined;
    const [reason, stack] = [cause?.message ?? told, cause?.stack ?? error.stack];
    return { seq, attempt, reason, stack, node, port, delayMs, counted: !away, permanent: kind === "rejected" };
  }
}
