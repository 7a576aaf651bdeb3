import { type Enqueued, entryCodec, type QueueEntry, type QueueRow, type StoreError } from "../../src/store/index.ts";
import type { Answer, Asked, Operation } from "../../src/store/operation.ts";
import type { Transport } from "../../src/store/queue_client.ts";
import type { QueueHost, Round } from "../../src/store/queue_host.ts";
import type { Load } from "./backend.ts";
import type { Disk } from "./disk.ts";
import { type Acked, type RowBook, rowText } from "./ledger.ts";
import type { Life } from "./life.ts";
import type { ShapeEdge } from "./shape.ts";
import { during } from "./weather.ts";

/** Never settles: nobody is there any more to hear the answer. */
const NEVER = new Promise<never>(() => {});

/**
 * The thread that the program's queue runs in: a round takes a while to get there, and its answers to come back. In
 * between the process may die. What goes by is written into the ledger once it is on the disk.
 */
export class SimTransport implements Transport {
  readonly #life: Life;
  readonly #edge: ShapeEdge;
  readonly #host: QueueHost;
  readonly #disk: Disk;
  readonly #book: RowBook;
  readonly #asked = new Map<number, Operation>();
  /** Rows that are out, by number. */
  readonly #out = new Map<number, QueueRow>();
  readonly #offsetMs: number;
  #unsure = false;
  #kept = false;
  readonly #answers: (() => void)[] = [];
  #line: (() => void)[] = [];

  constructor(life: Life, edge: ShapeEdge, host: QueueHost, disk: Disk) {
    this.#life = life;
    this.#edge = edge;
    this.#host = host;
    this.#disk = disk;
    this.#book = life.box.ledger.book(edge);
    this.#offsetMs = life.box.clock.wallOffsetMs;
    this.#forget();
  }

  /** Keys past the window by the queue's own time may be gone, whatever a wall clock says later. */
  #forget() {
    const nowMs = this.#queueMs;
    for (const [key, row] of this.#book.acked) {
      // What lies ahead of a clock that was set back is taken for now.
      const queueMs = Math.min(row.queueMs, nowMs);
      if (nowMs - queueMs >= this.#book.rememberMs) this.#book.acked.delete(key);
      else this.#book.acked.set(key, { ...row, queueMs });
    }
  }

  /** Time as the queue has it: the wall clock at the start, and what passed since. */
  get #queueMs(): number {
    return this.#offsetMs + this.#life.box.clock.nowMs;
  }

  round(asked: readonly Asked[], nowMs: number): Promise<Round> {
    if (!this.#life.alive) return NEVER;
    for (const { id, operation } of asked) this.#asked.set(id, operation);
    return this.#inTurn(() => this.#round(asked, nowMs));
  }

  close(): Promise<void> {
    return this.#inTurn(() => void this.#host.close(this.#queueMs));
  }

  /** Rows whose attempt counts though no node failed on them: the process died with them, or its disk failed to the end. */
  blameLost(died: boolean) {
    const { ledger } = this.#life.box;
    this.#forget();
    if (died || this.#unsure) for (const row of this.#out.values()) ledger.blameRow(this.#edge, nameOf(row));
    if (this.#unsure)
      for (const name of [...this.#book.rows.values(), ...this.#book.perhaps]) ledger.blameRow(this.#edge, name);
  }

  /** One after the other, however long each takes. */
  #inTurn<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve) => {
      this.#line.push(() => {
        if (this.#life.step("before a round")) return;
        const result = work();
        if (this.#life.step("after a round")) return;
        this.#answer(() => resolve(result));
        this.#line.shift();
        this.#next();
      });
      if (this.#line.length === 1) this.#next();
    });
  }

  /** Answers come back in order, as messages of one thread do. */
  #answer(tell: () => void) {
    const { clock, box } = this.#life;
    this.#answers.push(tell);
    clock.setTimer(() => this.#answers.shift()!(), box.net.between(0, 1));
  }

  #next() {
    const [work] = this.#line;
    if (work !== undefined) this.#life.clock.setTimer(work, this.#delayMs);
  }

  get #delayMs(): number {
    const { net, weather, clock, healed } = this.#life.box;
    return !healed && during(weather.slowDisk, clock.nowMs) ? net.between(5, 500) : net.between(0, weather.roundMs);
  }

  #round(asked: readonly Asked[], nowMs: number): Round {
    const round = this.#host.round(asked, nowMs);
    for (const answer of round.answers) this.#note(answer);
    this.#disk.committed(this.#disk.mark.seq);
    return round;
  }

  #note({ id, ...answer }: Answer) {
    const operation = this.#asked.get(id);
    this.#asked.delete(id);
    if (operation === undefined) return;
    this.#life.box.note(`${this.#edge.index} ${told(operation, answer)}`);
    // After a commit that failed rows may be out, on the disk, that nobody was given.
    const failed = "error" in answer && (answer.error as StoreError).code === "QUEUE_UNWRITABLE";
    // What could not be given back stays out, whatever succeeds later.
    this.#kept ||= failed && operation.op === "release";
    this.#unsure = failed || this.#kept;
    if (!("value" in answer)) {
      if (operation.op === "enqueue") for (const entry of operation.entries) this.#book.perhaps.add(nameOf(entry));
      return;
    }
    const values = answer.value as readonly unknown[];
    if (operation.op === "enqueue") {
      for (const [at, entry] of operation.entries.entries()) this.#written(entry, values[at] as Enqueued);
    }
    if (operation.op === "lease") for (const row of values as QueueRow[]) this.#wentOut(row);
    if (operation.op === "ack") {
      for (const [at, { seq }] of operation.leases.entries()) if (values[at] === "done") this.#acked(seq);
    }
    if (operation.op === "nack") for (const { seq } of operation.failures) this.#out.delete(seq);
  }

  #written(entry: QueueEntry, { seq, duplicate }: Enqueued) {
    const { rows, acked } = this.#book;
    // A duplicate may be of a row whose commit seemed to fail.
    if (!duplicate || !rows.has(seq)) rows.set(seq, nameOf(entry));
    const before = acked.get(entry.key);
    if (!duplicate && before !== undefined) this.#checkWindow(entry.key, seq, before);
  }

  /** A key is known for the window. A wall clock that was set between two starts makes it older or younger. */
  #checkWindow(key: string, seq: number, { atMs, queueMs }: Acked) {
    const { clock, ledger } = this.#life.box;
    const { rememberMs } = this.#book;
    if (clock.nowMs - atMs >= rememberMs || this.#queueMs - queueMs >= rememberMs) return;
    ledger.violated(`I2: new row ${seq} has key ${key}, which was acknowledged ${clock.nowMs - atMs} ms before`);
  }

  #wentOut(row: QueueRow) {
    this.#out.set(row.seq, row);
    this.#book.seqs.set(nameOf(row), row.seq);
    if (this.#book.acked.get(row.key)?.seq !== row.seq) return;
    this.#life.box.ledger.violated(`I2: row ${row.seq} with key ${row.key} came again after it was acknowledged`);
  }

  #acked(seq: number) {
    const { clock } = this.#life.box;
    const row = this.#out.get(seq);
    this.#out.delete(seq);
    // After a death it may have gone again with the end of the file.
    if (row === undefined || !this.#life.alive) return;
    this.#book.acked.set(row.key, { seq, atMs: clock.nowMs, queueMs: this.#queueMs });
  }
}

function nameOf(row: QueueEntry): string {
  const { fact, path } = entryCodec.decode(row).payload as Load;
  return rowText(fact, path);
}

/** One call and its answer as a line. */
function told(operation: Operation, answer: { value?: unknown; error?: unknown }): string {
  const { op } = operation;
  if (answer.error !== undefined) return `${op}: ${answer.error}`;
  const values = answer.value as never[];
  if (op === "lease") return `lease ${(values as QueueRow[]).map(({ seq, attempt }) => `${seq}/${attempt}`).join(" ")}`;
  if (op === "enqueue") {
    return `enqueue ${operation.entries.map((entry, at) => `${entry.key} ${seqOf(values[at]!)}`).join(", ")}`;
  }
  if (op === "ack" || op === "release")
    return `${op} ${operation.leases.map(({ seq }, at) => `${seq} ${values[at]}`).join(", ")}`;
  if (op !== "nack") return op;
  return `nack ${operation.failures.map(({ seq, reason, delayMs }, at) => `${seq} ${values[at]} ${Math.round(delayMs)} (${reason})`).join(", ")}`;
}

const seqOf = ({ seq, duplicate }: Enqueued) => `${duplicate ? "is" : "->"} ${seq}`;
