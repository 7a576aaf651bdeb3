import type { Cancel, Clock } from "../base/clock.ts";
import type { QueueEntry } from "./entry.ts";
import { checkText } from "./entry_text.ts";
import { StoreError } from "./error.ts";
import { type Answer, type Asked, type Operation, type OperationName, type Results, weightOf } from "./operation.ts";
import type {
  DeadEntry,
  DeadRow,
  Enqueued,
  Failure,
  LeaseRef,
  LeaseRequest,
  Queue,
  QueueOptions,
  QueueRow,
  QueueStats,
  Settled,
} from "./queue.ts";
import { queueClock } from "./queue_clock.ts";
import type { Round } from "./queue_host.ts";

/** Where the rounds of a queue are done: in this thread or in another. */
export interface Transport {
  /** One round. Rejects when it is not known what became of it. */
  round(asked: readonly Asked[], nowMs: number): Promise<Round>;
  close(): Promise<void>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Rounds under way at once: while one waits for the disk the next is on its way, so that the other thread does not
 * wait for this one. More would only make each smaller.
 */
const ROUNDS = 2;
/** Rows of a round: some 20 ms of work, which is what a call behind it waits for. */
const ROUND_ROWS = 4_096;

/** The calls of a queue, gathered into rounds: what comes while others are under way shares the next commit. */
export class QueueClient implements Queue {
  readonly file: string;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #listeners = new Set<(stats: QueueStats) => void>();
  readonly #waiting = new Map<number, Waiting>();
  #asked: Asked[] = [];
  #nextId = 1;
  #lastEnqueue = 0;
  #underWay = 0;
  #pumping = false;
  #timer: Cancel | undefined;
  #stats: QueueStats;
  #closing: Promise<void> | undefined;

  constructor(file: string, transport: Transport, clock: Clock, stats: QueueStats, now = queueClock(clock)) {
    this.file = file;
    this.#transport = transport;
    this.#clock = clock;
    this.#now = now;
    this.#stats = stats;
  }

  async enqueue(entries: readonly QueueEntry[], { follows = false } = {}): Promise<Enqueued[]> {
    const after = follows ? this.#lastEnqueue : undefined;
    this.#lastEnqueue = this.#nextId;
    for (const entry of entries) checkText(entry);
    return await this.#ask("enqueue", { op: "enqueue", entries, after });
  }

  async lease({ signal, ...request }: LeaseRequest): Promise<QueueRow[]> {
    if (signal?.aborted) return [];
    const id = this.#nextId;
    const rows = this.#ask("lease", { op: "lease", request });
    if (!request.wait || signal === undefined) return await rows;
    const abort = () => void this.#ask("abort", { op: "abort", id }).catch(() => {});
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await rows;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  ack(leases: readonly LeaseRef[]): Promise<Settled[]> {
    return this.#ask("ack", { op: "ack", leases });
  }

  nack(failures: readonly Failure[]): Promise<Settled[]> {
    return this.#ask("nack", { op: "nack", failures });
  }

  release(leases: readonly LeaseRef[]): Promise<Settled[]> {
    return this.#ask("release", { op: "release", leases });
  }

  async clear(leases: readonly LeaseRef[]): Promise<void> {
    await this.#ask("clear", { op: "clear", leases });
  }

  async setAside(letters: readonly DeadEntry[]): Promise<void> {
    for (const letter of letters) checkText(letter);
    await this.#ask("set_aside", { op: "set_aside", letters });
  }

  revive(seqs: readonly number[], partition?: string): Promise<number> {
    return this.#ask("revive", { op: "revive", seqs, partition });
  }

  purge(which: "ready" | "dead", seqs: readonly number[]): Promise<number> {
    return this.#ask("purge", { op: "purge", which, seqs });
  }

  scan(afterSeq: number, count: number): Promise<QueueRow[]> {
    return this.#ask("scan", { op: "scan", afterSeq, count });
  }

  dead(afterSeq: number, count: number): Promise<DeadRow[]> {
    return this.#ask("dead", { op: "dead", afterSeq, count });
  }

  verify(): Promise<string[]> {
    return this.#ask("verify", { op: "verify" });
  }

  /** Changes bounds; those left out stay. */
  async limit(options: Partial<QueueOptions>): Promise<void> {
    await this.#ask("limit", { op: "limit", options });
  }

  onChange(listener: (stats: QueueStats) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  stats(): QueueStats {
    return this.#stats;
  }

  /** What was handed over and not answered never will be. */
  lost(error: Error) {
    const here = new Set(this.#asked.map(({ id }) => id));
    for (const id of [...this.#waiting.keys()]) if (!here.has(id)) this.#settle({ id, name: "error", error });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    // What was asked for before is done first; those who wait for rows would wait for ever.
    while (this.#asked.length > 0 || this.#underWay > 0) {
      this.#pump();
      await Promise.race(this.#rounds);
    }
    this.#timer?.();
    await this.#transport.close();
    for (const [id, { resolve }] of this.#waiting) {
      this.#waiting.delete(id);
      resolve([]);
    }
  }

  readonly #rounds = new Set<Promise<void>>();

  #ask<Name extends OperationName>(_name: Name, operation: Operation): Promise<Results[Name]> {
    if (this.#closing !== undefined) return Promise.reject(closed(this.file));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      this.#asked.push({ id, operation });
      if (this.#pumping) return;
      this.#pumping = true;
      // After the turn: by then everything it brings is here.
      queueMicrotask(() => this.#pump());
    });
  }

  #pump() {
    this.#pumping = false;
    while (this.#asked.length > 0 && this.#underWay < ROUNDS) {
      const asked = this.#next();
      this.#underWay += 1;
      const round: Promise<void> = this.#round(asked).finally(() => this.#rounds.delete(round));
      this.#rounds.add(round);
    }
  }

  #next(): Asked[] {
    let rows = 0;
    let count = 0;
    while (count < this.#asked.length && (count === 0 || rows < ROUND_ROWS)) {
      rows += weightOf(this.#asked[count]!.operation);
      count += 1;
    }
    const asked = this.#asked;
    this.#asked = count === asked.length ? [] : asked.slice(count);
    return count === asked.length ? asked : asked.slice(0, count);
  }

  async #round(asked: readonly Asked[]) {
    try {
      const round = await this.#transport.round(asked, this.#now());
      this.#underWay -= 1;
      this.#note(round);
    } catch (error) {
      this.#underWay -= 1;
      for (const { id } of asked) this.#settle({ id, name: "error", error });
    }
    this.#pump();
  }

  #note({ answers, stats, dueMs }: Round) {
    const before = this.#stats;
    this.#stats = stats;
    for (const answer of answers) this.#settle(answer);
    this.#remindAt(dueMs);
    const emptied = rowsIn(before) > 0 && rowsIn(stats) === 0;
    if (emptied || before.full !== stats.full || before.degraded !== stats.degraded) {
      for (const listener of this.#listeners) listener(stats);
    }
  }

  #settle(answer: Answer) {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    if (answer.name === "error") waiting.reject(answer.error);
    else waiting.resolve(answer.value);
  }

  /** All timers of a queue are here, on the clock of whoever opened it. */
  #remindAt(dueMs: number | undefined) {
    this.#timer?.();
    this.#timer = undefined;
    if (dueMs === undefined || this.#closing !== undefined) return;
    const waitMs = Math.max(1, Math.ceil(dueMs - this.#now()));
    this.#timer = this.#clock.setTimer(() => void this.#ask("tick", { op: "tick" }).catch(() => {}), waitMs);
  }
}

const rowsIn = ({ ready, leased }: QueueStats) => ready + leased;

const closed = (file: string) => new StoreError("QUEUE_UNWRITABLE", `cannot use queue ${file}: it was closed`);
