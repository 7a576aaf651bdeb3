import {
  type DeadEntry,
  type DeadRow,
  type Enqueued,
  type Failure,
  type LeaseRef,
  type LeaseRequest,
  MAX_ERROR,
  type QueueEntry,
  type QueueOptions,
  type QueueRow,
  type QueueStats,
  type Settled,
  StoreError,
} from "../../src/store/index.ts";
import { MAX_COPIES } from "../../src/store/keys.ts";
import type { Operation, OperationName, Results } from "../../src/store/operation.ts";
import { checksum } from "../../src/store/row.ts";

interface Row {
  entry: QueueEntry;
  seq: number;
  attempts: number;
  enqueuedMs: number;
  notBeforeMs: number;
  firstFailedMs: number | undefined;
  suspect: number;
  lease: { attempt: number; untilMs: number; order: number; cleared?: boolean } | undefined;
}

/** What a queue file holds. It outlives the queue that was opened on it, as a file does. */
export interface ModelFile {
  rows: Row[];
  dead: DeadRow[];
  /** The number that has a key. */
  keys: Map<string, number>;
  ackedMs: Map<number, number>;
  last: number;
  counts: { damaged: number; droppedOldest: number; expired: number; deadDropped: number };
}

export const modelFile = (): ModelFile => ({
  ...{ rows: [], dead: [], keys: new Map(), ackedMs: new Map(), last: 0 },
  counts: { damaged: 0, droppedOldest: 0, expired: 0, deadDropped: 0 },
});

const bytesOf = ({ payload, meta }: QueueEntry) => Buffer.byteLength(payload) + Buffer.byteLength(meta);

/** The key, and those for further packets of it. */
const copies = (key: string, seq: number) =>
  Array.from({ length: MAX_COPIES + 1 }, (_, at) => (at === 0 ? key : `${key}#${at === MAX_COPIES ? seq : at + 1}`));

const cut = ({ error, stack = "" }: { error: string; stack?: string }) => ({
  error: error.slice(0, MAX_ERROR),
  stack: stack.slice(0, MAX_ERROR),
});

const isSamePacket = (one: QueueEntry, other: QueueEntry) => checksum(one) === checksum(other);

/** The queue's rules over lists that are searched from end to end, to compare the real one with. */
export class ModelQueue {
  readonly #file: ModelFile;
  readonly #options: QueueOptions;
  readonly #boundary: number;
  #order = 0;
  /** A suspect is the next, and waits until nothing is out. */
  #draining = false;
  nowMs = 0;

  /** Whatever is still out was out in a crash. */
  constructor(file: ModelFile, options: QueueOptions) {
    this.#file = file;
    this.#options = options;
    this.#boundary = file.last;
    for (const row of file.rows) if (row.lease?.cleared) row.lease = undefined;
    const out = file.rows.filter(({ lease }) => lease !== undefined);
    for (const row of out) this.#crashed(row, out.length > 32 ? 1 : 2);
  }

  /** An orderly close: what is out has had a try and is suspect of nothing. */
  close() {
    for (const row of this.#file.rows) if (row.lease?.cleared) row.lease = undefined;
    for (const row of this.#file.rows) if (row.lease !== undefined) this.#end(row, 0);
  }

  apply(operation: Operation): Results[OperationName] {
    switch (operation.op) {
      case "enqueue":
        return this.#enqueue(operation.entries);
      case "lease":
        return this.#lease(operation.request);
      case "ack":
        return operation.leases.map((ref) => this.#each(ref, (row) => this.#done(row)));
      case "nack":
        return operation.failures.map((failure) => this.#each(failure, (row) => this.#failed(row, failure)));
      case "release":
        return [...operation.leases]
          .reverse()
          .map((ref) => this.#each(ref, (row) => this.#released(row)))
          .reverse();
      case "clear":
        for (const ref of operation.leases) this.#clear(ref);
        return undefined;
      case "set_aside":
        for (const letter of operation.letters) this.#setAside(letter);
        return undefined;
      case "revive":
        return operation.seqs.filter((seq) => this.#revive(seq, operation.partition)).length;
      case "purge":
        return operation.seqs.filter((seq) => this.#purge(operation.which, seq)).length;
      case "scan":
        return this.#file.rows
          .filter(({ seq }) => seq > operation.afterSeq)
          .slice(0, operation.count)
          .map((row) => this.#shown(row, row.lease?.attempt ?? row.attempts));
      case "dead":
        return this.#file.dead.filter(({ seq }) => seq > operation.afterSeq).slice(0, operation.count);
      case "verify":
        return [];
      default:
        return undefined;
    }
  }

  stats(): QueueStats {
    const { rows, dead } = this.#file;
    const leased = rows.filter(({ lease }) => lease !== undefined).length;
    return {
      ...{ ready: rows.length - leased, leased, dead: dead.length, bytes: this.#bytes, ...this.#file.counts },
      ...{ fileBytes: 0, walBytes: 0, tailLost: 0, full: undefined, degraded: false, commits: 0, committedRows: 0 },
      oldestMs: rows[0]?.enqueuedMs,
    };
  }

  expireOld() {
    const { maxAgeMs } = this.#options;
    if (maxAgeMs === undefined) return;
    const old = ({ enqueuedMs, lease }: Row) => lease === undefined && enqueuedMs + maxAgeMs <= this.nowMs;
    for (const row of this.#file.rows.filter(old)) {
      this.#file.counts.expired += 1;
      this.#bury(row, { error: "older than max_age", attempts: row.attempts });
    }
  }

  get #bytes(): number {
    return this.#file.rows.reduce((sum, { entry }) => sum + bytesOf(entry), 0);
  }

  #enqueue(entries: readonly QueueEntry[]): Enqueued[] {
    const fresh = entries.filter(({ key }) => this.#known(key) === undefined);
    if (fresh.some((entry) => bytesOf(entry) > this.#options.maxBytes))
      throw new StoreError("QUEUE_ENTRY", "too large");
    this.#makeRoom(fresh.reduce((sum, entry) => sum + bytesOf(entry), 0));
    return entries.map((entry) => {
      const known = this.#known(entry.key);
      if (known !== undefined) return { seq: known, duplicate: true };
      return { seq: this.#insert(entry), duplicate: false };
    });
  }

  #makeRoom(bytes: number) {
    const { maxBytes, overflow } = this.#options;
    const evicted: Row[] = [];
    let over = this.#bytes + bytes - maxBytes;
    const waiting = this.#file.rows.filter(({ lease }) => lease === undefined);
    while (overflow === "drop_oldest" && over > 0 && waiting.length > 0) {
      const row = waiting.shift()!;
      over -= bytesOf(row.entry);
      evicted.push(row);
    }
    if (over > 0) throw new StoreError("QUEUE_FULL", "cannot enqueue");
    for (const row of evicted) this.#done(row);
    this.#file.counts.droppedOldest += evicted.length;
  }

  #insert(entry: QueueEntry): number {
    const seq = ++this.#file.last;
    this.#file.keys.set(entry.key, seq);
    const fresh = { attempts: 0, notBeforeMs: 0, firstFailedMs: undefined, suspect: 0, lease: undefined };
    this.#file.rows.push({ entry, seq, enqueuedMs: this.nowMs, ...fresh });
    return seq;
  }

  #known(key: string): number | undefined {
    const seq = this.#file.keys.get(key);
    if (seq === undefined) return undefined;
    const ackedMs = this.#file.ackedMs.get(seq);
    return ackedMs !== undefined && ackedMs + this.#options.rememberMs <= this.nowMs ? undefined : seq;
  }

  #lease({ count, leaseMs, maxBytes, backlog, liveFirst }: Omit<LeaseRequest, "signal">): QueueRow[] {
    this.#expireLeases();
    const out = this.#file.rows.filter(({ lease }) => lease !== undefined && !lease.cleared);
    if (out.some(({ suspect }) => suspect > 0) || (this.#draining && out.length > 0)) return [];
    this.#draining = false;
    const old = this.#file.rows.filter(({ seq }) => seq <= this.#boundary);
    const fresh = this.#file.rows.filter(({ seq }) => seq > this.#boundary);
    const taken: Row[] = [];
    let bytes = 0;
    let left = backlog ?? Number.POSITIVE_INFINITY;
    for (const row of liveFirst ? [...fresh, ...old] : [...old, ...fresh]) {
      const isBacklog = row.seq <= this.#boundary;
      if (!this.#mayGo(row, taken)) continue;
      if (isBacklog && left < 1) {
        if (this.#options.ordered && !liveFirst) break;
        continue;
      }
      if (taken.length === count || bytes >= (maxBytes ?? Number.POSITIVE_INFINITY)) break;
      if (row.attempts >= this.#options.maxAttempts) {
        this.#bury(row, { error: "given up", attempts: row.attempts });
        continue;
      }
      const before = taken.at(-1)?.suspect ?? 0;
      if (before > 0 && !(before === 1 && row.suspect === 1 && taken.length < 32)) break;
      this.#draining = row.suspect > 0 && before === 0 && taken.length + out.length > 0;
      if (this.#draining) break;
      taken.push(row);
      bytes += bytesOf(row.entry);
      if (isBacklog) left -= 1;
    }
    for (const row of [...taken].sort((a, b) => a.seq - b.seq)) {
      row.lease = { attempt: row.attempts + 1, untilMs: this.nowMs + leaseMs, order: ++this.#order };
    }
    return taken.map((row) => this.#shown(row, row.attempts + 1));
  }

  #mayGo(row: Row, taken: readonly Row[]): boolean {
    if (row.lease !== undefined || taken.includes(row) || row.notBeforeMs > this.nowMs) return false;
    if (!this.#options.ordered) return true;
    const same = (other: Row) => other.entry.partition === row.entry.partition && other.seq < row.seq;
    return !this.#file.rows.some((other) => same(other) && other.lease === undefined && other.notBeforeMs > this.nowMs);
  }

  #expireLeases() {
    const late = this.#file.rows.filter(({ lease }) => lease !== undefined && lease.untilMs <= this.nowMs);
    for (const row of late.sort((a, b) => a.lease!.order - b.lease!.order)) {
      const { lease } = row;
      if (lease === undefined) continue;
      this.#end(row, 0);
      this.#takeAlong(row, lease.order);
    }
  }

  /** Processed, and its ack comes later: a crash says nothing of it. */
  #clear({ seq, attempt }: LeaseRef) {
    const row = this.#file.rows.find((one) => one.seq === seq);
    if (row?.lease === undefined || (attempt !== undefined && row.lease.attempt !== attempt)) return;
    if (attempt !== undefined && row.lease.untilMs <= this.nowMs) return;
    row.lease.cleared = true;
    row.suspect = 0;
  }

  /** The last try is counted only of a row that was out alone. */
  #crashed(row: Row, now: number) {
    const { attempts, suspect } = row;
    this.#end(row, now);
    if (suspect < 2) row.attempts = Math.max(attempts, Math.min(row.attempts, this.#options.maxAttempts - 1));
  }

  /** A try that is counted. */
  #end(row: Row, suspect: number) {
    row.attempts = row.lease!.attempt;
    row.lease = undefined;
    row.notBeforeMs = 0;
    row.suspect = suspect;
  }

  #takeAlong(row: Row, order: number) {
    if (!this.#options.ordered) return;
    for (const other of this.#file.rows) {
      if (other.lease === undefined || other.lease.order <= order) continue;
      if (other.entry.partition === row.entry.partition) other.lease = undefined;
    }
  }

  #each(ref: LeaseRef, act: (row: Row) => Settled): Settled {
    const row = this.#file.rows.find(({ seq }) => seq === ref.seq);
    if (row === undefined) return "missing";
    const held = row.lease?.attempt === ref.attempt && row.lease !== undefined && row.lease.untilMs > this.nowMs;
    return ref.attempt === undefined || held ? act(row) : "lost";
  }

  #remove({ seq }: Row) {
    this.#file.rows = this.#file.rows.filter((row) => row.seq !== seq);
  }

  #done(row: Row): Settled {
    this.#remove(row);
    this.#file.ackedMs.set(row.seq, this.nowMs);
    return "done";
  }

  #failed(row: Row, failure: Failure): Settled {
    const { reason, stack = "", node = "", port = "", delayMs, counted = true, permanent = false } = failure;
    const tried = row.lease?.attempt ?? row.attempts;
    if (permanent || (counted && tried >= this.#options.maxAttempts)) {
      this.#bury(row, { error: reason, stack, node, port, attempts: tried });
      return "dead";
    }
    const { lease } = row;
    row.attempts = counted || lease === undefined ? tried : tried - 1;
    row.lease = undefined;
    row.suspect = 0;
    row.notBeforeMs = this.nowMs + delayMs;
    row.firstFailedMs ??= this.nowMs;
    if (lease !== undefined) this.#takeAlong(row, lease.order);
    return "done";
  }

  #released(row: Row): Settled {
    const { lease } = row;
    row.lease = undefined;
    if (lease !== undefined) this.#takeAlong(row, lease.order);
    return "done";
  }

  #bury(row: Row, cause: Partial<DeadEntry> & { error: string; attempts: number }) {
    this.#remove(row);
    const { seq, enqueuedMs, firstFailedMs = this.nowMs } = row;
    const told = { node: "", port: "", ...cause, ...cut(cause) };
    this.#file.dead.push({ ...row.entry, seq, enqueuedMs, ...told, firstFailedMs, lastFailedMs: this.nowMs });
    this.#boundDead();
  }

  #boundDead() {
    this.#file.dead.sort((a, b) => a.seq - b.seq);
    const bytes = () => this.#file.dead.reduce((sum, letter) => sum + bytesOf(letter), 0);
    while (this.#file.dead.length > this.#options.maxDead || bytes() > this.#options.maxDeadBytes) {
      this.#file.ackedMs.set(this.#file.dead.shift()!.seq, this.nowMs);
      this.#file.counts.deadDropped += 1;
    }
  }

  #setAside(given: DeadEntry) {
    const told = { ...given, ...cut(given) };
    const here = this.#file.dead.filter(({ node, port }) => node === told.node && port === told.port);
    const keys = copies(told.key, this.#file.last + 1);
    const free = keys.findIndex((key) => here.every((one) => one.key !== key));
    const tried = keys.slice(0, Math.min(free, MAX_COPIES));
    const known = tried.find((key) => here.some((one) => one.key === key && isSamePacket(one, { ...told, key })));
    const { error, stack, attempts, lastFailedMs } = told;
    const again = here.filter((one) => one.key === known && isSamePacket(one, { ...told, key: one.key }));
    for (const one of again) Object.assign(one, { error, stack, attempts, lastFailedMs });
    if (again.length > 0) return;
    const letter = { ...told, key: keys[free]! };
    const owner = this.#file.keys.get(letter.key);
    const seq = ++this.#file.last;
    const present = [...this.#file.rows, ...this.#file.dead].some((row) => row.seq === owner);
    if (!present) this.#file.keys.set(letter.key, seq);
    this.#file.dead.push({ ...letter, seq, enqueuedMs: this.nowMs });
    this.#boundDead();
  }

  #takeDead(seq: number): DeadRow | undefined {
    const letter = this.#file.dead.find((one) => one.seq === seq);
    this.#file.dead = this.#file.dead.filter((one) => one !== letter);
    return letter;
  }

  #revive(seq: number, to: string | undefined): boolean {
    const letter = this.#takeDead(seq);
    if (letter === undefined) return false;
    const { packet_id, ts, kind, source_id, payload, meta, partition: former } = letter;
    const [partition, key] = to === undefined ? [former, letter.key] : [to, this.#keyIn(letter, to)];
    if (to !== undefined) this.#forget(seq);
    const owner = this.#file.keys.get(key);
    const revived = this.#insert({ key, packet_id, ts, kind, source_id, payload, meta, partition });
    const present = [...this.#file.rows, ...this.#file.dead].some((row) => row.seq === owner);
    if (present && owner !== seq) this.#file.keys.set(key, owner!);
    return revived > 0;
  }

  #purge(which: "ready" | "dead", seq: number): boolean {
    const row = this.#file.rows.find((one) => one.seq === seq && one.lease === undefined);
    const gone = which === "dead" ? this.#takeDead(seq) : row;
    if (gone === undefined) return false;
    if (which === "ready") this.#remove(row!);
    this.#forget(seq);
    return true;
  }

  #forget(seq: number) {
    for (const [key, owner] of this.#file.keys) if (owner === seq) this.#file.keys.delete(key);
  }

  #keyIn({ key, partition: former }: QueueEntry, partition: string): string {
    const end = former === "" ? -1 : key.lastIndexOf(`@${former}`);
    const present = new Set([...this.#file.rows, ...this.#file.dead].map((row) => row.seq));
    const keys = copies(end <= 0 ? key : `${key.slice(0, end)}@${partition}`, this.#file.last + 1);
    return keys.find((one) => !present.has(this.#file.keys.get(one) ?? 0))!;
  }

  #shown({ entry, seq, enqueuedMs }: Row, attempt: number): QueueRow {
    return { ...entry, seq, attempt, enqueuedMs, backlog: seq <= this.#boundary };
  }
}
