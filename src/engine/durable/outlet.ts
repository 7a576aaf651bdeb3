import {
  failureKind,
  type NodeContext,
  type PacketFailure,
  type SourceInstance,
  type SourceYield,
} from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { entryCodec, type Failure, type QueueRow, type Settled } from "../../store/index.ts";
import { Acks } from "./acks.ts";
import { Fetcher } from "./fetcher.ts";
import { Lanes } from "./lanes.ts";
import { keptName, type Link } from "./link.ts";
import type { OutletEvents } from "./outlet_events.ts";
import { Patience } from "./patience.ts";
import { type FailedRow, RowFailures } from "./row_failures.ts";
import { isGone, Settling } from "./settling.ts";
import { UnderWay } from "./under_way.ts";
import { Unseen } from "./unseen.ts";

/** Rows held leased: half are handed out while half are fetched, some 10 ms of a fast graph, in which a commit is done. */
const WINDOW = 4_096;

type Step = IteratorResult<SourceYield>;
/** "Look again": an empty yield. */
const AGAIN: Step = { value: [], done: false };
const END: Step = { value: undefined, done: true };

/** The far end of a durable edge: hands rows to the graph, in order of their partition, and hears what became of them. */
export class Outlet implements SourceInstance {
  readonly keeps = true;
  readonly #link: Link;
  readonly #context: NodeContext;
  readonly #events: OutletEvents;
  readonly #lanes: Lanes;
  readonly #underWay = new UnderWay();
  readonly acks: Acks;
  /** Its rows come of an edge of the graph, and not of a person who sends dead letters back. */
  readonly isEdge: boolean;
  readonly #nacks: Settling<FailedRow>;
  readonly #stop = new AbortController();
  readonly #fetcher: Fetcher;
  readonly #unseen: Unseen;
  readonly #unlisten: () => void;
  #resume: ((step: Step) => void) | undefined;
  /** No further row is handed out in this run. */
  #ended = false;
  readonly #failures: RowFailures;

  constructor(link: Link, context: NodeContext, events: OutletEvents) {
    const { name, queue, options } = link;
    const { clock, random, log } = context;
    const patience = (what: string) =>
      new Patience(`${what} ${name}`, { clock, random, log, signal: this.#stop.signal });
    this.#link = link;
    this.isEdge = link.index >= 0;
    this.#context = context;
    this.#events = events;
    this.#lanes = new Lanes(options.ordered);
    this.#failures = new RowFailures(options, random);
    this.#fetcher = new Fetcher(link, clock, patience("lease from"), {
      onRows: (rows) => rows.forEach((row) => void this.#lanes.add(row)),
      onEnd: () => {
        this.#look();
        this.#wake();
      },
    });
    this.#unseen = new Unseen(queue, events.onUnseen);
    const onWritten = () => {
      this.#look();
      events.onChange();
    };
    this.acks = new Acks(keptName(link), queue, patience("ack in"), { onWritten, onSettled: this.#underWay.settled });
    this.#nacks = new Settling((failures) => queue.nack(failures), patience("nack in"), {
      onSettled: (failed, result) => this.#nacked(failed, result),
      onWritten,
    });
    // The last rows may leave without being handed out: out of attempts, or too old.
    this.#unlisten = queue.onChange(onWritten);
  }

  /** True when nothing is under way and nothing will come: the queue is empty, or what it holds is for the next run. */
  get idle(): boolean {
    return this.#underWay.size === 0 && this.resting;
  }

  /** True when nothing more comes before a row that was handed out is answered. */
  get resting(): boolean {
    const answered = this.acks.idle && this.#nacks.idle;
    if (this.#ended || !answered) return answered;
    const { ready, leased } = this.#link.queue.stats();
    return this.#lanes.size === 0 && ready + leased === this.#underWay.size + this.acks.kept;
  }

  /** Rows that were done are in a checkpoint: there may be room for more. */
  committed() {
    this.acks.committed();
    this.#wake();
  }

  /** An iterator that answers at once while it has rows, and with a promise while it has none. */
  run(): Iterable<SourceYield> {
    const iterator = { next: () => this.#next(), return: () => this.#end() };
    return { [Symbol.iterator]: () => iterator as unknown as Iterator<SourceYield> };
  }

  /** Where a packet under way came from says where it goes, when the link leads to more than one place. */
  readonly portOf = (packet: StreamPacket): string =>
    this.#link.refuse === undefined ? "out" : this.#underWay.get(packet)!.partition;

  ack(packet: StreamPacket) {
    const settled = this.#underWay.take(packet);
    if (settled === undefined) return;
    this.#link.counts.acked += 1;
    this.#failures.succeeded();
    if (settled.waits) this.#lanes.free(settled.row.partition);
    this.acks.add(settled.row, this.#lanes.size === 0);
    this.#wake();
  }

  /** Nodes keep it: behind a node that joins or counts to ten its partition would stand still. */
  readonly kept = (packet: StreamPacket) => {
    const row = this.#underWay.pass(packet);
    if (row === undefined) return;
    this.#lanes.free(row.partition);
    this.acks.held(row, this.#lanes.size === 0);
    this.#wake();
  };

  nack(packet: StreamPacket, reason: string, failure: PacketFailure) {
    const settled = this.#underWay.take(packet);
    if (settled === undefined) return;
    this.#link.counts.nacked += 1;
    const { row, waits } = settled;
    // While its failure is written, no more of its partition may go.
    if (!waits) this.#lanes.hold(row.partition);
    this.#nack(this.#failures.of(row, reason, failure), row, { packet, failure });
  }

  async close() {
    this.#end();
    await this.#fetcher.stop();
    await Promise.all([this.acks.flush(), this.#nacks.flush()]);
    const left = [...this.#lanes.clear(), ...this.acks.drop()];
    // Refused, they stay leased, and opening the file gives every lease back.
    if (left.length > 0) await this.#link.queue.release(left).catch(() => {});
    this.#stop.abort();
    this.#unlisten();
  }

  #next(): Step | Promise<Step> {
    if (this.#ended) return END;
    if (this.acks.full) return this.#later();
    for (let row = this.#lanes.next(); row !== undefined; row = this.#lanes.next()) {
      const step = this.#open(row);
      this.#fill();
      if (step !== undefined) return step;
    }
    this.#fill();
    return this.#later();
  }

  #later(): Promise<Step> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  /** Not before half of them are gone: a request for few rows, or for none, would stand in the way of one for many. */
  #fill() {
    if (this.#lanes.size < WINDOW / 2) this.#fetcher.ask(WINDOW - this.#lanes.size);
  }

  #end(): Step {
    this.#ended = true;
    this.#resume?.(END);
    this.#resume = undefined;
    return END;
  }

  /** The letters of nodes come into the file of all dead letters in many ways, and each is told of there. */
  #look() {
    if (this.#link.refuse === undefined && this.#nacks.idle) this.#unseen.look();
  }

  #wake() {
    this.#resume?.(AGAIN);
    this.#resume = undefined;
  }

  #open(row: QueueRow): Step | Promise<Step> | undefined {
    try {
      const refusal = this.#link.refuse?.(row);
      if (refusal !== undefined) return this.#setAside(row, refusal);
      const packet = entryCodec.decode(row);
      const restoring = this.#link.spill?.restore(packet);
      return restoring === undefined ? this.#handOut(row, packet) : this.#restore(row, restoring);
    } catch (error) {
      return this.#setAside(row, `it is no packet: ${(error as Error).message}`);
    }
  }

  #handOut(row: QueueRow, fields: StreamPacket): Step {
    const { counts, counters } = this.#link;
    const packet = this.#context.packet(fields);
    this.#underWay.add(packet, row);
    counters.waitMs.record(Math.max(0, this.#context.clock.nowMs() - row.enqueuedMs));
    counts.delivered += 1;
    if (row.attempt > 1) counts.redelivered += 1;
    return { value: packet, done: false };
  }

  /** Its payload lies in a file. One that is gone or damaged is a dead letter; a disk that fails is asked again. */
  async #restore(row: QueueRow, restoring: Promise<StreamPacket>): Promise<Step> {
    try {
      return this.#handOut(row, await restoring);
    } catch (thrown) {
      const error = thrown as Error;
      if (failureKind(error) === "rejected") this.#setAside(row, error.message);
      else this.#nack(this.#failures.unread(row, error, this.#link.name), row);
      return AGAIN;
    }
  }

  /** A row that never becomes a packet of this graph. */
  #setAside(row: QueueRow, reason: string): undefined {
    const { seq, attempt } = row;
    this.#context.log.error("row set aside", { queue: this.#link.name, seq, reason });
    this.#nack({ seq, attempt, reason, delayMs: 0, permanent: true }, row);
  }

  #nack(failure: Failure, row: QueueRow, told?: FailedRow["told"]) {
    this.#nacks.add({ ...failure, row, told, beside: this.#underWay.beside(row) });
  }

  /** Rows behind one that comes again were given back with it; behind one that is gone they go on. */
  #nacked({ row, told, beside = [] }: FailedRow, result: Settled) {
    this.#underWay.settled(row);
    if (isGone(result)) this.#unseen.seen();
    if (result === "done") this.#lanes.drop(row.partition, beside);
    else if (told !== undefined && isGone(result)) this.#events.onDead(told.packet, row, told.failure);
    this.#lanes.free(row.partition);
    this.#wake();
  }
}
