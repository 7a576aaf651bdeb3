import type { QueueEntry } from "./entry.ts";
import { type Answer, type Asked, namesLeases, type Operation } from "./operation.ts";
import { errorOf, type PlainError, plainError } from "./plain_error.ts";
import type { Enqueued, LeaseRef, QueueRow, Settled } from "./queue.ts";

/**
 * Rows as they cross a thread: one text, the lengths of its parts, and the numbers. Objects cost about 1.3 µs a row to
 * copy, arrays of strings 0.8 µs, this 0.2 µs. What a row has in common with the one before it is not in the text.
 */
export interface Packed {
  text: string;
  lengths: Uint32Array;
  numbers: Float64Array;
}

/** A round on its way to the other thread. */
export interface PackedAsked {
  /** Without the entries and leases, which are taken out of `packed` in the same order. */
  asked: Asked[];
  packed: Packed;
}

/** What came of it, on its way back. */
export interface PackedAnswers {
  /** Without the rows and results. */
  answers: Answer[];
  packed: Packed;
}

/** Stands for the length of a text that the other side has: packets of one stream differ in little. */
const KNOWN = 0xffff_ffff;
const NONE = { key: "", packet_id: "", ts: "", kind: "", source_id: "", payload: "", meta: "", partition: "" };

/** Collects texts and numbers in order. */
class Packer {
  readonly #texts: string[] = [];
  readonly #lengths: number[] = [];
  readonly #numbers: number[] = [];
  #last: QueueEntry = NONE;

  number(value: number) {
    this.#numbers.push(value);
  }

  entry(entry: QueueEntry) {
    const last = this.#last;
    this.#text(entry.key, "");
    this.#text(entry.packet_id, entry.key);
    this.#text(entry.ts, last.ts);
    this.#text(entry.kind, last.kind);
    this.#text(entry.source_id, last.source_id);
    this.#text(entry.payload, last.payload);
    this.#text(entry.meta, last.meta);
    this.#text(entry.partition, entry.source_id);
    this.#last = entry;
  }

  pack(): Packed {
    const numbers = new Float64Array(this.#numbers);
    return { text: this.#texts.join(""), lengths: new Uint32Array(this.#lengths), numbers };
  }

  #text(text: string, known: string) {
    if (text !== known) this.#texts.push(text);
    this.#lengths.push(text === known ? KNOWN : text.length);
  }
}

/** Takes them out again, in the same order. */
class Unpacker {
  readonly #packed: Packed;
  #text = 0;
  #length = 0;
  #number = 0;
  #last: QueueEntry = NONE;

  constructor(packed: Packed) {
    this.#packed = packed;
  }

  number(): number {
    return this.#packed.numbers[this.#number++]!;
  }

  entry(): QueueEntry {
    const last = this.#last;
    const key = this.#next("");
    const packet_id = this.#next(key);
    const ts = this.#next(last.ts);
    const kind = this.#next(last.kind);
    const source_id = this.#next(last.source_id);
    const payload = this.#next(last.payload);
    const meta = this.#next(last.meta);
    const partition = this.#next(source_id);
    this.#last = { key, packet_id, ts, kind, source_id, payload, meta, partition };
    return this.#last;
  }

  list<Item>(take: () => Item): Item[] {
    const length = this.number();
    const items: Item[] = new Array(length);
    for (let at = 0; at < length; at++) items[at] = take();
    return items;
  }

  #next(known: string): string {
    const length = this.#packed.lengths[this.#length++]!;
    if (length === KNOWN) return known;
    const from = this.#text;
    this.#text += length;
    return this.#packed.text.slice(from, this.#text);
  }
}

export function packAsked(asked: readonly Asked[]): PackedAsked {
  const packer = new Packer();
  const bare = asked.map(({ id, operation }) => ({ id, operation: packOperation(operation, packer) }));
  return { asked: bare, packed: packer.pack() };
}

function packOperation(operation: Operation, packer: Packer): Operation {
  if (operation.op === "enqueue") {
    packer.number(operation.entries.length);
    for (const entry of operation.entries) packer.entry(entry);
    return { ...operation, entries: [] };
  }
  if (!namesLeases(operation)) return operation;
  packer.number(operation.leases.length);
  for (const { seq, attempt } of operation.leases) {
    packer.number(seq);
    packer.number(attempt ?? 0);
  }
  return { op: operation.op, leases: [] };
}

export function unpackAsked({ asked, packed }: PackedAsked): Asked[] {
  const unpacker = new Unpacker(packed);
  const lease = (): LeaseRef => ({ seq: unpacker.number(), attempt: unpacker.number() || undefined });
  return asked.map(({ id, operation }) => {
    if (operation.op === "enqueue") {
      return { id, operation: { ...operation, entries: unpacker.list(() => unpacker.entry()) } };
    }
    if (!namesLeases(operation)) return { id, operation };
    return { id, operation: { op: operation.op, leases: unpacker.list(lease) } };
  });
}

const SETTLED: readonly Settled[] = ["done", "dead", "lost", "missing"];

export function packAnswers(answers: readonly Answer[]): PackedAnswers {
  const packer = new Packer();
  return { answers: answers.map((answer) => packAnswer(answer, packer)), packed: packer.pack() };
}

function packAnswer(answer: Answer, packer: Packer): Answer {
  const { id, name } = answer;
  switch (name) {
    case "lease":
    case "scan":
      packer.number((answer.value as QueueRow[]).length);
      for (const row of answer.value as QueueRow[]) packRow(row, packer);
      return { id, name, value: [] };
    case "enqueue":
      packer.number((answer.value as Enqueued[]).length);
      // Numbers begin at 1, so the sign is free.
      for (const { seq, duplicate } of answer.value as Enqueued[]) packer.number(duplicate ? -seq : seq);
      return { id, name, value: [] };
    case "ack":
    case "nack":
    case "release":
      packer.number((answer.value as Settled[]).length);
      for (const result of answer.value as Settled[]) packer.number(SETTLED.indexOf(result));
      return { id, name, value: [] };
    case "error":
      return { id, name, error: plainError(answer.error) };
    default:
      return answer;
  }
}

/** What is true of a row, as one number. */
const BACKLOG = 1;
const DAMAGED = 2;

function packRow(row: QueueRow, packer: Packer) {
  packer.entry(row);
  packer.number(row.seq);
  packer.number(row.attempt);
  packer.number(row.enqueuedMs);
  packer.number((row.backlog ? BACKLOG : 0) + (row.damaged ? DAMAGED : 0));
}

export function unpackAnswers({ answers, packed }: PackedAnswers): Answer[] {
  const unpacker = new Unpacker(packed);
  return answers.map((answer) => unpackAnswer(answer, unpacker));
}

function unpackAnswer(answer: Answer, unpacker: Unpacker): Answer {
  const { id, name } = answer;
  switch (name) {
    case "lease":
    case "scan":
      return { id, name, value: unpacker.list(() => unpackRow(unpacker)) };
    case "enqueue":
      return { id, name, value: unpacker.list(() => enqueuedOf(unpacker.number())) };
    case "ack":
    case "nack":
    case "release":
      return { id, name, value: unpacker.list(() => SETTLED[unpacker.number()]!) };
    case "error":
      return { id, name, error: errorOf(answer.error as PlainError) };
    default:
      return answer;
  }
}

function unpackRow(unpacker: Unpacker): QueueRow {
  const { key, packet_id, ts, kind, source_id, payload, meta, partition } = unpacker.entry();
  const [seq, attempt, enqueuedMs] = [unpacker.number(), unpacker.number(), unpacker.number()];
  const marks = unpacker.number();
  const backlog = marks % 2 === BACKLOG;
  const row = { seq, key, packet_id, ts, kind, source_id, payload, meta, partition, attempt, enqueuedMs, backlog };
  return marks < DAMAGED ? row : { ...row, damaged: true };
}

const enqueuedOf = (number: number): Enqueued => ({ seq: Math.abs(number), duplicate: number < 0 });
