import { MAX_DELAY_MS } from "./bounds.ts";
import { Heap } from "./heap.ts";
import type { Ledger } from "./ledger.ts";
import { ROW, type StoredRow } from "./row.ts";

/** What becomes of a row that is looked at: it leaves the line, or it is the end of the look and stays where it is. */
export type Verdict = "taken" | "stop";

interface Delayed {
  dueMs: number;
  /** In an ordered queue the partition that waits for it; else the row alone. */
  partition: string | undefined;
  seq: number;
}

/** A partition one of whose rows is delayed: the rows behind it wait as well. */
interface Blocked {
  /** The first of its delayed rows. */
  from: number;
  waiting: number[];
}

/** Half of the rows of a file: those that were there when it was opened, or those that came later. */
class Half {
  /** Rows up to this one were looked at. */
  next: number;
  readonly #from: number;
  readonly to: number;
  /** Rows looked at before that can go now. */
  readonly ready = new Heap<number>((a, b) => a < b);

  constructor(from: number, to: number) {
    this.#from = from;
    this.next = from;
    this.to = to;
  }

  reset() {
    this.next = this.#from;
    this.ready.clear();
  }
}

/**
 * Rows held back in memory: delayed, behind a failed one of their partition, or given back. Each costs some 100
 * bytes. When so many are, no further row is looked at until some have left.
 */
const MAX_ASIDE = 100_000;

/**
 * The order in which rows leave: by number, but for those that wait for their next try and, in an ordered queue, those
 * behind them in their partition.
 *
 * It is a cache: all it knows can be found again by looking at the rows from the first one on, which is what it does
 * after `reset`. So it costs nothing to open a large file, and a transaction that failed is undone by forgetting.
 */
export class Line {
  readonly #ledger: Ledger;
  readonly #isLeased: (seq: number) => boolean;
  readonly backlog: Half;
  readonly live: Half;
  readonly #delayed = new Heap<Delayed>((a, b) => a.dueMs < b.dueMs);
  readonly #blocked = new Map<string, Blocked>();
  #aside = 0;

  /** `boundary`: the last number given before the file was opened. */
  constructor(ledger: Ledger, boundary: number, isLeased: (seq: number) => boolean) {
    this.#ledger = ledger;
    this.#isLeased = isLeased;
    this.backlog = new Half(0, boundary);
    this.live = new Half(boundary, Number.MAX_SAFE_INTEGER);
  }

  isBacklog(seq: number): boolean {
    return seq <= this.backlog.to;
  }

  /** Every row of the backlog was handed out, or is held back. */
  get backlogIsOut(): boolean {
    return this.backlog.next >= this.backlog.to && this.backlog.ready.size === 0;
  }

  /** When the first of the delayed rows may go. */
  get nextDueMs(): number | undefined {
    return this.#delayed.first?.dueMs;
  }

  /** A row that is back and can go again. */
  returned(seq: number) {
    this.#half(seq).ready.push(seq);
  }

  /** A row that may go at `dueMs` again. */
  delay(seq: number, partition: string, dueMs: number) {
    if (dueMs <= this.#ledger.nowMs) return this.returned(seq);
    if (!this.#ledger.options.ordered) {
      this.#aside += 1;
      return this.#delayed.push({ dueMs, partition: undefined, seq });
    }
    const blocked = this.#blocked.get(partition) ?? { from: seq, waiting: [] };
    blocked.from = Math.min(blocked.from, seq);
    this.#blocked.set(partition, blocked);
    this.#wait(blocked, seq);
    this.#delayed.push({ dueMs, partition, seq });
  }

  /** Shows the rows that can go, in order, until `look` stops it or there is none. */
  walk(half: Half, count: number, look: (row: StoredRow) => Verdict) {
    for (let seq = half.ready.first; seq !== undefined; seq = half.ready.first) {
      const row = this.#isLeased(seq) ? null : this.#ledger.sql.get<StoredRow>(ONE, seq);
      if (row !== null && this.#passes(row) && look(row) === "stop") return;
      half.ready.pop();
    }
    this.#scan(half, count, look);
  }

  reset() {
    this.backlog.reset();
    this.live.reset();
    this.#delayed.clear();
    this.#blocked.clear();
    this.#aside = 0;
  }

  /** In pages: a statement that stood open would hold up the checkpoint. */
  #scan(half: Half, count: number, look: (row: StoredRow) => Verdict) {
    while (this.#aside < MAX_ASIDE && half.next < half.to) {
      const rows = this.#ledger.sql.all<StoredRow>(PAGE, half.next, half.to, this.#pageSize(count));
      for (const row of rows) {
        if (!this.#isLeased(row.seq) && this.#passes(row) && look(row) === "stop") return;
        half.next = row.seq;
      }
      if (rows.length > 0) continue;
      // At the end; what comes later has a higher number than any that was given.
      half.next = Math.max(half.next, Math.min(half.to, this.#ledger.totals.given));
      return;
    }
  }

  /** Rows of one page: about as asked for, and fewer where a row may be large, since a page is held in memory. */
  #pageSize(count: number): number {
    const fitting = Math.floor(PAGE_BYTES / Math.max(1, this.#ledger.totals.largest));
    return Math.max(1, Math.min(Math.max(count, PAGE_LEAST), PAGE_ROWS, fitting));
  }

  /** False: the row may not go yet, and is held back. */
  #passes(row: StoredRow): boolean {
    const { seq, partition, not_before_ms } = row;
    const blocked = this.#blocked.get(partition);
    if (blocked !== undefined && seq > blocked.from) {
      this.#wait(blocked, seq);
      return false;
    }
    if (not_before_ms <= this.#ledger.nowMs) return true;
    this.delay(seq, partition, Math.min(not_before_ms, this.#ledger.nowMs + MAX_DELAY_MS));
    return false;
  }

  #wait(blocked: Blocked, seq: number) {
    blocked.waiting.push(seq);
    this.#aside += 1;
  }

  /** Those whose time has come can go. Asked first, so that none is due for ever. */
  wake() {
    const { nowMs } = this.#ledger;
    for (let first = this.#delayed.first; first !== undefined && first.dueMs <= nowMs; first = this.#delayed.first) {
      this.#delayed.pop();
      if (first.partition === undefined) {
        this.#aside -= 1;
        this.returned(first.seq);
      } else this.#unblock(first.partition);
    }
  }

  /** A row that waits was removed: those behind it may wait for nothing. */
  freed(partition: string) {
    if (this.#ledger.options.ordered) this.#unblock(partition);
  }

  /** All of them stand in line again; the first that is still delayed blocks those behind it anew. */
  #unblock(partition: string) {
    const blocked = this.#blocked.get(partition);
    if (blocked === undefined) return;
    this.#blocked.delete(partition);
    this.#aside -= blocked.waiting.length;
    for (const seq of blocked.waiting) this.returned(seq);
  }

  #half(seq: number): Half {
    return this.isBacklog(seq) ? this.backlog : this.live;
  }
}

const PAGE_ROWS = 1_024;
/** Rows that may not go yet are passed over, so a page of one would be a statement for each of them. */
const PAGE_LEAST = 32;
const PAGE_BYTES = 64 * 1024 * 1024;
const FROM = "FROM packets AS p LEFT JOIN tries AS t ON t.seq = p.seq";
const ONE = `SELECT ${ROW} ${FROM} WHERE p.seq = ?`;
const PAGE = `SELECT ${ROW} ${FROM} WHERE p.seq > ? AND p.seq <= ? ORDER BY p.seq LIMIT ?`;
