import type { Graveyard } from "./graveyard.ts";
import type { Leased, Leases } from "./leases.ts";
import type { Ledger } from "./ledger.ts";
import type { Line, Verdict } from "./line.ts";
import type { LeaseRequest, QueueRow } from "./queue.ts";
import { bytesOf, checksum, type StoredRow } from "./row.ts";
import { SUSPECT_GROUP } from "./take_over.ts";

interface Parts {
  ledger: Ledger;
  leases: Leases;
  line: Line;
  graveyard: Graveyard;
}

/** One lease: walks along the line, takes what may go, and sets aside what never will. */
export class HandingOut {
  readonly #parts: Parts;
  readonly #request: Omit<LeaseRequest, "signal">;
  readonly #taken: QueueRow[] = [];
  readonly #leased: Leased[] = [];
  readonly #bad: { row: StoredRow; error: string }[] = [];
  /** Looked at, so not to be looked at again: it may stand in the line twice after a failure. */
  readonly seen = new Set<number>();
  #bytes = 0;
  #backlog = 0;
  /** The next row is a suspect, and others are out. */
  #atSuspect = false;

  constructor(parts: Parts, request: Omit<LeaseRequest, "signal">) {
    this.#parts = parts;
    this.#request = request;
  }

  run(): QueueRow[] {
    const { leases, line, ledger } = this.#parts;
    line.wake();
    // Suspects go by themselves, so that nothing else is taken along when one ends the process again.
    if (leases.closed) return [];
    const halves = this.#request.liveFirst ? [line.live, line.backlog] : [line.backlog, line.live];
    for (const half of halves) {
      // In order a new row may not pass an old one of its partition, which may be any that was not looked at.
      if (half === line.live && ledger.options.ordered && !this.#request.liveFirst && !line.backlogIsOut) break;
      if (half === line.backlog && this.#backlogLeft === 0) continue;
      if (this.#left > 0 && !this.#atSuspect) line.walk(half, this.#left, this.#look);
    }
    this.#setBadAside();
    if (this.#leased.length > 0) {
      leases.add(this.#leased, Math.min(ledger.nowMs + this.#request.leaseMs, Number.MAX_SAFE_INTEGER));
    }
    if (this.#atSuspect) leases.drain();
    return this.#taken;
  }

  get #left(): number {
    return this.#request.count - this.#taken.length;
  }

  get #backlogLeft(): number {
    return Math.max(0, Math.floor(this.#request.backlog ?? Number.POSITIVE_INFINITY) - this.#backlog);
  }

  readonly #look = (row: StoredRow): Verdict => {
    const backlog = this.#parts.line.isBacklog(row.seq);
    if (this.#left === 0 || (backlog && this.#backlogLeft === 0)) return "stop";
    if (this.#bytes >= (this.#request.maxBytes ?? Number.POSITIVE_INFINITY)) return "stop";
    const error = this.#faultOf(row);
    if (error === undefined) return this.#take(row, backlog);
    this.seen.add(row.seq);
    this.#bad.push({ row, error });
    return "taken";
  };

  #take(row: StoredRow, backlog: boolean): Verdict {
    const { leases } = this.#parts;
    const { suspect } = row;
    const before = this.#leased.at(-1);
    if (before !== undefined && before.suspect > 0 && !this.#joins(before, suspect)) return "stop";
    this.#atSuspect = suspect > 0 && (before?.suspect === 0 || leases.exposed > 0);
    if (this.#atSuspect) return "stop";
    this.seen.add(row.seq);
    const bytes = bytesOf(row);
    const attempt = row.attempts + 1;
    this.#bytes += bytes;
    if (backlog) this.#backlog += 1;
    this.#leased.push({ seq: row.seq, attempt, partition: row.partition, bytes, suspect });
    this.#taken.push(rowOf(row, attempt, backlog));
    return "taken";
  }

  #joins(before: Leased, suspect: number): boolean {
    return before.suspect === 1 && suspect === 1 && this.#leased.length < SUSPECT_GROUP;
  }

  #faultOf(row: StoredRow): string | undefined {
    const { options, nowMs } = this.#parts.ledger;
    if (row.crc !== checksum(row)) return DAMAGED;
    if (options.maxAgeMs !== undefined && row.enqueued_ms + options.maxAgeMs <= nowMs) return EXPIRED;
    if (row.attempts < options.maxAttempts) return undefined;
    return `given up after ${row.attempts} attempts, the last without an answer`;
  }

  #setBadAside() {
    const { graveyard, ledger } = this.#parts;
    for (const { row, error } of this.#bad) {
      if (error === DAMAGED) ledger.totals.damaged += 1;
      if (error === EXPIRED) ledger.totals.expired += 1;
      graveyard.bury(row.seq, bytesOf(row), { error });
    }
  }
}

export const DAMAGED = "the row is damaged: its checksum does not match";
export const EXPIRED = "older than max_age";

export function rowOf(row: StoredRow, attempt: number, backlog: boolean): QueueRow {
  const { seq, key, packet_id, ts, kind, source_id, payload, meta, partition, enqueued_ms: enqueuedMs } = row;
  return { seq, key, packet_id, ts, kind, source_id, payload, meta, partition, attempt, enqueuedMs, backlog };
}
