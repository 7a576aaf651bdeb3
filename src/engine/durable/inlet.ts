import type { DurableOptions } from "../../graph/plan.ts";
import { failureKind, type NodeContext, type NodeInstance, type Spilled, Unavailable } from "../../node/index.ts";
import { addDrops } from "../../observe/index.ts";
import { idempotencyKey, replace, type StreamPacket } from "../../packet/index.ts";
import { bytesAbove, type Enqueued, entryCodec, type QueueEntry, StoreError } from "../../store/index.ts";
import type { NodeRun } from "../node_run.ts";
import type { Link } from "./link.ts";
import { partitionReader } from "./partition.ts";
import { Patience } from "./patience.ts";

interface Waiting {
  entry: QueueEntry;
  /** A sender waits for the answer: it hears "not now" rather than waiting for room. */
  asked: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** A call under way, and what came of it; it never rejects. */
interface Call {
  batch: readonly Waiting[];
  answer: Promise<readonly Enqueued[] | Error>;
}

/** Rows of one call: what gathers meanwhile is the next, so a slow disk makes the commits larger by itself. */
const MAX_ROWS = 1_024;
/** Calls under way at once, so that the thread of the queue has the next one when it is done with the first. */
const MAX_CALLS = 2;

/**
 * The near end of a durable edge: a packet is done when its row is committed.
 *
 * A call follows the one before it: when that fails it is refused and comes again behind it, so that rows are in the
 * order of the packets also when a call has to be repeated. Only a full one does, since a small one would be a commit of
 * its own where waiting makes one of both.
 */
export class Inlet implements NodeInstance {
  /** Set before the run begins: the slot of the call under way has the packet's ack root. */
  node!: NodeRun;
  readonly #link: Link;
  readonly #options: DurableOptions;
  readonly #partition: (packet: StreamPacket) => string;
  readonly #stop = new AbortController();
  readonly #patience: Patience;
  #waiting: Waiting[] = [];
  /** The first is the one whose answer is waited for. Empty while a failed one is seen to. */
  #calls: Call[] = [];
  #sending = false;
  readonly #rows: number;
  #size: number;
  readonly #writing: Patience;
  /** Ends when the last packet that waits for a payload has its place among the rows. */
  #line: Promise<unknown> = Promise.resolve();
  #inLine = 0;

  constructor(link: Link, { clock, random, log }: NodeContext) {
    this.#link = link;
    this.#options = link.options;
    this.#rows = this.#size = link.callRows ?? MAX_ROWS;
    this.#partition = this.#options.ordered ? partitionReader(this.#options.partition_by) : () => "";
    const options = { clock, random, log, signal: this.#stop.signal };
    this.#patience = new Patience(`enqueue into ${link.name}`, options);
    this.#writing = new Patience(`writing a payload for ${link.name}`, options);
  }

  process(packet: StreamPacket): Promise<void> {
    this.#link.counters.passed += 1;
    const own = this.#ownKey(packet);
    const spilling = this.#link.spill?.spill(own);
    // Behind a payload that is still being written, so that the rows are in order.
    const asked = this.node.slot?.root?.asks ?? false;
    if (spilling !== undefined || this.#inLine > 0) return this.#addInLine(own, spilling, asked);
    return this.#add(this.#entry(own), asked);
  }

  async close() {
    this.#stop.abort();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error("the run ended first"));
  }

  /** A packet that comes over this edge more than once is another fact each time: one key would make it one row. */
  #ownKey(packet: StreamPacket): StreamPacket {
    const key = idempotencyKey(packet);
    const root = this.node.slot?.root;
    const own = root === undefined || root.way === "" ? key : `${key}#${root.way.slice(1)}`;
    // Only round a loop does a way come twice.
    const copy = root?.copy(this.#link.index, own) ?? 1;
    if (copy === 1 && own === key) return packet;
    return replace(packet, { meta: { ...packet.meta, idempotency_key: copy === 1 ? own : `${own}#${copy}` } });
  }

  #entry(packet: StreamPacket): QueueEntry {
    const entry = entryCodec.encode(packet, this.#partition(packet));
    const bytes = bytesAbove(this.#options.max_bytes, entry.payload, entry.meta);
    if (bytes > this.#options.max_bytes) {
      throw new Error(
        `cannot keep packet ${packet.packet_id} in ${this.#link.name}: it has ${bytes} bytes and max_bytes is ${this.#options.max_bytes}`,
      );
    }
    return entry;
  }

  /** Payloads are written side by side; the rows are in the order of the packets, those without such a payload too. */
  #addInLine(packet: StreamPacket, spilling: Promise<Spilled> | undefined, asked: boolean): Promise<void> {
    this.#inLine += 1;
    const spilled = spilling && this.#written(packet, spilling);
    // A failure is heard below; here it would be one that nobody awaits until the line has come to it.
    spilled?.catch(() => {});
    const turn = this.#line.then(() => spilled).finally(() => (this.#inLine -= 1));
    const added = turn.then((one) => ({ done: this.#addHeld(one?.packet ?? packet, one, asked) }));
    this.#line = added.then(nothing, nothing);
    return added.then(({ done }) => done);
  }

  async #addHeld(packet: StreamPacket, spilled: Spilled | undefined, asked: boolean): Promise<void> {
    try {
      await this.#add(this.#entry(packet), asked);
    } finally {
      // From here on the row holds what it names, or nobody does.
      spilled?.release();
    }
  }

  /** While there is no room for a payload, those who bring more wait. */
  async #written(packet: StreamPacket, first: Promise<Spilled>): Promise<Spilled> {
    for (let spilling = first; ; spilling = this.#link.spill!.spill(packet)!) {
      try {
        const spilled = await spilling;
        this.#writing.succeeded();
        return spilled;
      } catch (error) {
        const unavailable = failureKind(error as Error) === "unavailable";
        if (!unavailable || !(await this.#writing.wait(error as Error))) throw error;
      }
    }
  }

  #add(entry: QueueEntry, asked: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, asked, resolve, reject });
      if (this.#sending) return this.#follow();
      this.#sending = true;
      // After the turn: by then everything it brings is here.
      queueMicrotask(() => void this.#sendAll());
    });
  }

  async #sendAll() {
    while (this.#calls.length > 0 || this.#waiting.length > 0) {
      if (this.#calls.length === 0) this.#call();
      this.#follow();
      const { batch, answer } = this.#calls[0]!;
      const results = await answer;
      if (results instanceof Error) {
        await this.#takeBack();
        await this.#failed(batch, results);
      } else {
        this.#calls.shift();
        this.#committed(batch, results);
      }
    }
    this.#sending = false;
  }

  #call() {
    const batch = this.#waiting.splice(0, this.#size);
    const entries = batch.map(({ entry }) => entry);
    const asked = this.#link.queue.enqueue(entries, { follows: this.#calls.length > 0 });
    this.#calls.push({ batch, answer: asked.catch((error: Error) => error) });
  }

  #follow() {
    while (this.#waiting.length >= this.#rows && this.#calls.length > 0 && this.#calls.length < MAX_CALLS) this.#call();
  }

  /** What followed a call that failed was refused with it: it waits again, in its place. */
  async #takeBack() {
    const [, ...behind] = this.#calls.splice(0);
    for (const { batch, answer } of behind.reverse()) {
      const results = await answer;
      if (results instanceof Error) this.#waiting.unshift(...batch);
      else this.#committed(batch, results);
    }
  }

  #committed(batch: readonly Waiting[], results: readonly Enqueued[]) {
    const { counts } = this.#link;
    this.#patience.succeeded();
    this.#size = Math.min(this.#rows, this.#size * 2);
    for (const [at, { resolve }] of batch.entries()) {
      if (results[at]!.duplicate) counts.duplicates += 1;
      else counts.enqueued += 1;
      resolve();
    }
  }

  /** Nothing of the batch was written, or nobody knows: the keys make asking again safe. */
  async #failed(batch: readonly Waiting[], error: Error) {
    const code = error instanceof StoreError ? error.code : undefined;
    if (code !== "QUEUE_FULL" && code !== "QUEUE_UNWRITABLE") return rejectAll(batch, error);
    if (code === "QUEUE_FULL" && batch.length > 1) {
      // A part of it may still fit.
      this.#waiting.unshift(...batch);
      this.#size = batch.length >> 1;
      return;
    }
    const patient = this.#answer(batch, error);
    if (code === "QUEUE_FULL" && this.#options.overflow === "drop_newest") return this.#dropAll(patient);
    this.#waiting = [...patient, ...this.#answer(this.#waiting, error)];
    if (this.#waiting.length === 0) return this.#patience.tell(error, "senders are told to come again");
    const { queue } = this.#link;
    const room = (resume: () => void) => queue.onChange(({ full, degraded }) => !full && !degraded && resume());
    if (!(await this.#patience.wait(error, room))) rejectAll(this.#waiting.splice(0), error);
  }

  /** Tells the senders among them to come again, and gives the others. */
  #answer(batch: readonly Waiting[], error: Error): Waiting[] {
    const notNow = new Unavailable(`${this.#link.name} takes nothing now: ${error.message}`, { cause: error });
    rejectAll(
      batch.filter(({ asked }) => asked),
      notNow,
    );
    return batch.filter(({ asked }) => !asked);
  }

  #dropAll(batch: readonly Waiting[]) {
    addDrops(this.#link.counters.dropped, "queue_full", batch.length);
    for (const { resolve } of batch) resolve();
  }
}

function rejectAll(batch: readonly Waiting[], error: Error) {
  for (const { reject } of batch) reject(error);
}

const nothing = () => {};
