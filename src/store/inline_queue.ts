import type { Cancel, Clock } from "../base/clock.ts";
import type { QueueEntry } from "./entry.ts";
import type {
  DeadEntry,
  DeadRow,
  Enqueued,
  Failure,
  LeaseRef,
  LeaseRequest,
  Queue,
  QueueRow,
  QueueStats,
  Settled,
} from "./queue.ts";
import type { SqliteQueue } from "./sqlite_queue.ts";

interface Standing {
  request: LeaseRequest;
  resolve(rows: QueueRow[]): void;
  reject(error: unknown): void;
}

/** How often those who wait for rows are asked again, for rows whose delay has passed. */
const LOOK_MS = 50;

/** A queue in the thread that calls it: a call waits for the disk. */
export class InlineQueue implements Queue {
  readonly file: string;
  readonly #core: SqliteQueue;
  readonly #clock: Clock;
  readonly #standing = new Set<Standing>();
  #timer: Cancel | undefined;
  #last: QueueStats | undefined;

  constructor(file: string, core: SqliteQueue, clock: Clock) {
    this.file = file;
    this.#core = core;
    this.#clock = clock;
  }

  enqueue = (entries: readonly QueueEntry[]): Promise<Enqueued[]> => this.#do(() => this.#core.enqueue(entries));
  ack = (leases: readonly LeaseRef[]): Promise<Settled[]> => this.#do(() => this.#core.ack(leases));
  nack = (failures: readonly Failure[]): Promise<Settled[]> => this.#do(() => this.#core.nack(failures));
  release = (leases: readonly LeaseRef[]): Promise<Settled[]> => this.#do(() => this.#core.release(leases));
  setAside = (letters: readonly DeadEntry[]): Promise<void> => this.#do(() => this.#core.setAside(letters));
  revive = (seqs: readonly number[]): Promise<number> => this.#do(() => this.#core.revive(seqs));
  purge = (which: "ready" | "dead", seqs: readonly number[]) => this.#do(() => this.#core.purge(which, seqs));
  scan = (afterSeq: number, count: number): Promise<QueueRow[]> => this.#do(() => this.#core.scan(afterSeq, count));
  dead = (afterSeq: number, count: number): Promise<DeadRow[]> => this.#do(() => this.#core.dead(afterSeq, count));
  verify = (): Promise<string[]> => this.#do(() => this.#core.verify());

  async lease(request: LeaseRequest): Promise<QueueRow[]> {
    const rows = this.#lease(request);
    if (rows.length > 0 || !request.wait || request.signal?.aborted) return rows;
    return new Promise((resolve, reject) => {
      const standing = { request, resolve, reject };
      this.#standing.add(standing);
      request.signal?.addEventListener("abort", () => this.#standing.delete(standing) && resolve([]), { once: true });
      this.#watch();
    });
  }

  onChange = () => () => {};

  stats(): QueueStats {
    const depth = this.#last === undefined ? this.#core.depth() : this.#last;
    const { ready, leased, dead } = depth;
    const sizes = { bytes: 0, fileBytes: 0, walBytes: 0, oldestMs: undefined };
    const counts = { tailLost: 0, damaged: 0, droppedOldest: 0, expired: 0, deadDropped: 0 };
    return { ready, leased, dead, ...sizes, ...counts, full: undefined, degraded: false, commits: 0, committedRows: 0 };
  }

  async close() {
    this.#timer?.();
    for (const { resolve } of this.#standing) resolve([]);
    this.#standing.clear();
    this.#last ??= this.stats();
    this.#core.close();
  }

  async #do<Result>(work: () => Result): Promise<Result> {
    const result = work();
    this.#look();
    return result;
  }

  #lease = ({ count, holder, leaseMs }: LeaseRequest) => this.#core.lease(count, holder, leaseMs);

  #look() {
    for (const standing of this.#standing) {
      const rows = this.#lease(standing.request);
      if (rows.length === 0) return;
      this.#standing.delete(standing);
      standing.resolve(rows);
    }
  }

  #watch() {
    this.#timer?.();
    this.#timer = this.#clock.setTimer(() => {
      this.#look();
      if (this.#standing.size > 0) this.#watch();
    }, LOOK_MS);
  }
}
