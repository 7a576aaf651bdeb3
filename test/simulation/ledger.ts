import type { DurableOptions } from "../../src/graph/plan.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import type { RowName, Shape, ShapeEdge } from "./shape.ts";

/** A row was settled: when, by the time of the world and by that of the queue. */
export interface Acked {
  readonly seq: number;
  readonly atMs: number;
  readonly queueMs: number;
}

/** What is known of the rows of one durable edge, from outside it. */
export class RowBook {
  /** Rows by number, as they were written. */
  readonly rows = new Map<number, string>();
  /** Rows whose commit failed: nobody knows. */
  readonly perhaps = new Set<string>();
  /** Numbers of rows by fact and path, as they were last handed out. */
  readonly seqs = new Map<string, number>();
  /** Rows that a node behind the edge gave up on purpose. */
  readonly givenUp = new Set<string>();
  /** Keys of rows whose ack is on the disk. */
  readonly acked = new Map<string, Acked>();
  /** It was opened with `order: live_first`, now or before. */
  liveFirst = false;
  /** The least that any life was told. */
  maxAttempts = Number.POSITIVE_INFINITY;
  rememberMs = Number.POSITIVE_INFINITY;
  /** Its file lost its end: what was counted is counted anew. */
  torn = false;
  /** Tries of a row that may count against it: a failure of a node, a process that died with it. */
  readonly blame = new Map<string, number>();
  /** Highest number of a row that arrived, by partition and way to the sink. */
  readonly arrived = new Map<string, number>();

  opened({ order, max_attempts, remember_ms }: DurableOptions) {
    this.rememberMs = Math.min(this.rememberMs, remember_ms);
    this.liveFirst ||= order === "live_first";
    this.maxAttempts = Math.min(this.maxAttempts, max_attempts);
  }
}

/** What happened outside the box, written down where no crash reaches. */
export class Ledger {
  readonly violations: string[] = [];
  /** Facts whose sender was told that they are safe; also those where the answer was lost on the way. */
  readonly promised = new Map<string, { source: string }>();
  /** Effects at the sinks, with the key they came under. */
  readonly arrived = new Map<string, string>();
  /** `fact path` of what may be missing: given up by a node with `on_error: drop`, gone with a torn end, dead letters. */
  readonly excused = new Set<string>();
  /** Packets that an `overflow` gave up, as counted, by node or edge. */
  readonly shed = new Map<string, number>();
  readonly #books = new Map<ShapeEdge, RowBook>();
  readonly #shape: Shape;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  violated(what: string) {
    this.violations.push(what);
  }

  book(edge: ShapeEdge): RowBook {
    let book = this.#books.get(edge);
    if (book === undefined) {
      book = new RowBook();
      this.#books.set(edge, book);
    }
    return book;
  }

  /** A try of this packet may count as an attempt of its row. */
  blame(fact: string, path: string) {
    const row = this.#shape.rowOf(path);
    if (row !== undefined) this.blameRow(row.edge, rowKey(fact, row));
  }

  blameRow(edge: ShapeEdge, row: string) {
    const { blame } = this.book(edge);
    blame.set(row, (blame.get(row) ?? 0) + 1);
  }

  /** A node with `on_error: drop` gave this packet up. */
  givenUp(fact: string, path: string) {
    this.excused.add(rowText(fact, path));
    const row = this.#shape.rowOf(path);
    if (row !== undefined) this.book(row.edge).givenUp.add(rowKey(fact, row));
  }

  /** The rows above this number are gone from the disk, and what was settled last is waiting again. */
  tornOff(edge: ShapeEdge, keptSeq: number) {
    const book = this.book(edge);
    const { rows, acked } = book;
    book.torn = true;
    for (const [seq, name] of rows) if (seq > keptSeq) this.excused.add(name);
    acked.clear();
    // Rows that were dead letters, and let others pass, may wait again.
    book.arrived.clear();
  }

  /** `overflow` of a node or an edge gave so many packets up. */
  sheds(place: string, count: number) {
    if (count > 0) this.shed.set(place, (this.shed.get(place) ?? 0) + count);
  }

  /** An effect is there. The same one under two keys would be done twice by a sink that knows keys. */
  effect(fact: string, path: string, key: string, packet: StreamPacket) {
    const name = rowText(fact, path);
    const before = this.arrived.get(name);
    if (before !== undefined && before !== key) {
      this.violated(`I2: effect ${name} came under key ${before} and then under ${key}`);
    }
    if (before !== undefined) return;
    this.arrived.set(name, key);
    this.#checkOrder(fact, path, packet);
  }

  /** Rows of one partition arrive in the order of their numbers, on each way to a sink. */
  #checkOrder(fact: string, path: string, { source_id, kind }: StreamPacket) {
    const row = this.#shape.rowOf(path);
    // `live_first` hands new rows out before the backlog, also those of one partition.
    if (!row?.edge.durable?.ordered || this.book(row.edge).liveFirst) return;
    // A row that a node keeps holds up none of its partition, so one that comes again comes after those.
    if (this.#shape.keptBehind(row.edge)) return;
    const partition = row.edge.durable.partition_by === "kind" ? kind : source_id;
    const { seqs, arrived } = this.book(row.edge);
    const seq = seqs.get(rowKey(fact, row));
    if (seq === undefined) return this.violated(`I1: effect ${rowText(fact, path)} came out of no row`);
    // Given up on purpose once, those behind it went on; a crash may bring it back.
    if (this.book(row.edge).givenUp.has(rowKey(fact, row))) return;
    const way = `${partition} ${path.slice(row.path.length)}`;
    const last = arrived.get(way) ?? 0;
    if (seq < last) this.violated(`I3: row ${seq} of partition ${partition} came after row ${last} (${fact} ${path})`);
    arrived.set(way, Math.max(seq, last));
  }
}

export const rowText = (fact: string, path: string) => `${fact} ${path}`;
const rowKey = (fact: string, { path }: RowName) => rowText(fact, path);
