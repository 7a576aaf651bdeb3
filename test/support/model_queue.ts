import {
  type DeadRow,
  type Enqueued,
  type Failure,
  type LeaseRef,
  MAX_ATTEMPTS,
  type Queue,
  type QueueEntry,
  type QueueOptions,
  type QueueRow,
  REMEMBER_MS,
  type Settled,
} from "../../src/store/index.ts";

interface Row extends QueueEntry {
  seq: number;
  attempt: number;
  enqueuedMs: number;
  notBeforeMs: number;
  /** While it is leased. */
  untilMs: number | undefined;
  firstFailedMs: number | undefined;
}

/** What a queue file holds. It outlives the queue that was opened on it, as a file does. */
export interface ModelFile {
  rows: Map<number, Row>;
  dead: DeadRow[];
  remembered: Map<string, { seq: number; ackedMs: number }>;
  last: number;
}

export const modelFile = (): ModelFile => ({ rows: new Map(), dead: [], remembered: new Map(), last: 0 });

/** The queue's rules in a few maps, to compare real ones with. */
export class ModelQueue implements Queue {
  readonly #file: ModelFile;
  readonly #now: () => number;
  readonly #options: QueueOptions;

  constructor(file: ModelFile, now: () => number, options: Partial<QueueOptions> = {}) {
    this.#file = file;
    this.#now = now;
    this.#options = { maxAttempts: MAX_ATTEMPTS, rememberMs: REMEMBER_MS, ...options };
    for (const row of file.rows.values()) row.untilMs = undefined;
  }

  enqueue(entries: readonly QueueEntry[]): Enqueued[] {
    return entries.map((entry) => {
      const known = this.#known(entry.key);
      if (known !== undefined) return { seq: known, duplicate: true };
      const seq = ++this.#file.last;
      const fresh = {
        attempt: 0,
        enqueuedMs: this.#now(),
        notBeforeMs: 0,
        untilMs: undefined,
        firstFailedMs: undefined,
      };
      this.#file.rows.set(seq, { ...entry, seq, ...fresh });
      return { seq, duplicate: false };
    });
  }

  lease(count: number, _holder: string, leaseMs: number): QueueRow[] {
    const leased: QueueRow[] = [];
    for (const row of this.#file.rows.values()) if (!this.#held(row)) row.untilMs = undefined;
    for (const row of this.#file.rows.values()) {
      if (leased.length === count) break;
      if (this.#held(row) || row.notBeforeMs > this.#now()) continue;
      if (row.attempt >= this.#options.maxAttempts) {
        this.#bury(row, "given up");
        continue;
      }
      row.attempt += 1;
      row.untilMs = this.#now() + leaseMs;
      leased.push({ ...row });
    }
    return leased;
  }

  ack(leases: readonly LeaseRef[]): Settled[] {
    return leases.map((lease) =>
      this.#settle(lease, ({ seq, key }) => {
        this.#file.rows.delete(seq);
        this.#file.remembered.set(key, { seq, ackedMs: this.#now() });
      }),
    );
  }

  nack(failures: readonly Failure[]): Settled[] {
    return failures.map((failure) =>
      this.#settle(failure, (row) => {
        if (row.attempt >= this.#options.maxAttempts) return this.#bury(row, failure.reason);
        row.untilMs = undefined;
        row.notBeforeMs = this.#now() + failure.delayMs;
        row.firstFailedMs ??= this.#now();
      }),
    );
  }

  release(leases: readonly LeaseRef[]): Settled[] {
    return leases.map((lease) =>
      this.#settle(lease, (row) => {
        row.attempt -= 1;
        row.untilMs = undefined;
      }),
    );
  }

  depth() {
    const rows = [...this.#file.rows.values()];
    // A lease that ran out is one until somebody asks for rows.
    const leased = rows.filter(({ untilMs }) => untilMs !== undefined).length;
    return { ready: rows.length - leased, leased, dead: this.#file.dead.length };
  }

  scan(afterSeq: number, count: number): QueueRow[] {
    return [...this.#file.rows.values()].filter(({ seq }) => seq > afterSeq).slice(0, count);
  }

  dead(afterSeq: number, count: number): DeadRow[] {
    return this.#file.dead.filter(({ seq }) => seq > afterSeq).slice(0, count);
  }

  verify(): string[] {
    return [];
  }

  close() {}

  #known(key: string): number | undefined {
    const { rows, dead, remembered } = this.#file;
    const acked = remembered.get(key);
    if (acked !== undefined && this.#now() - acked.ackedMs < this.#options.rememberMs) return acked.seq;
    return [...rows.values(), ...dead].find((row) => row.key === key)?.seq;
  }

  #held = ({ untilMs }: Row) => untilMs !== undefined && untilMs > this.#now();

  #settle({ seq, attempt }: LeaseRef, act: (row: Row) => void): Settled {
    const row = this.#file.rows.get(seq);
    if (row === undefined) return "missing";
    if (attempt !== undefined && !(this.#held(row) && row.attempt === attempt)) return "lost";
    act(row);
    return "done";
  }

  #bury(row: Row, error: string) {
    this.#file.rows.delete(row.seq);
    const firstFailedMs = row.firstFailedMs ?? this.#now();
    this.#file.dead.push({ ...row, error, firstFailedMs, lastFailedMs: this.#now() });
  }
}
