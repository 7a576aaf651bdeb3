import { fullJitterMs } from "../../base/backoff.ts";
import { sleep } from "../../base/clock.ts";
import type { NodeContext } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import {
  type EntryCodec,
  entryCodec,
  type Failure,
  type LeaseRef,
  type LeaseRequest,
  predecessorCodec,
  type QueueRow,
  type Settled,
} from "../../store/index.ts";
import { batched } from "./batch.ts";
import { type QueueAccess, QueueDoor, rowsIn } from "./queue_config.ts";
import { withRow } from "./row_meta.ts";
import type { SourceConfig } from "./sqlite_queue_source.ts";

/** With the default 5 attempts the longest delays are 1 s, 2 s, 4 s and 8 s: an outage of some seconds passes. */
const RETRY_BASE_MS = 1_000;
const RETRY_CAP_MS = 60_000;
/** Acks of this long share a wait for the disk. A crash meanwhile repeats their packets, and loses none. */
const GATHER_MS = 5;

/** Reads a queue for its source: batches, what is under way, and what became of it. */
export class QueueReader {
  /** True when the source settles its rows by what the graph made of them. */
  readonly hearsAcks: boolean;
  readonly #config: SourceConfig;
  readonly #context: NodeContext;
  readonly #door: QueueDoor;
  readonly #codec: EntryCodec;
  /** Rows handed to the graph and not settled, by packet. At most what the inboxes hold. */
  readonly #underWay = new Map<StreamPacket, QueueRow>();
  /** Leased, not handed on yet. */
  #batch: QueueRow[] = [];
  #closed = false;
  readonly #counts = { emitted: 0, acked: 0, failed: 0, unreadable: 0 };
  readonly #soon = (flush: () => void) => this.#context.clock.setTimer(flush, GATHER_MS);
  readonly #acks = batched((leases: readonly LeaseRef[]) => this.#ackAll(leases), this.#soon);
  readonly #nacks = batched((failures: readonly Failure[]) => this.#nack(failures), this.#soon);

  constructor(config: SourceConfig, context: NodeContext) {
    const { durability, max_attempts, layout, acks, delete_on_emit } = config;
    this.#config = config;
    this.#context = context;
    const settings = { durability, ...(max_attempts === undefined ? {} : { maxAttempts: max_attempts }) };
    this.#door = new QueueDoor(config, context, settings);
    this.#codec = layout === "schnitzel" ? entryCodec : predecessorCodec;
    this.hearsAcks = layout === "schnitzel" && acks === "graph" && !delete_on_emit;
  }

  async open() {
    await this.#door.access();
  }

  async *run(signal: AbortSignal): AsyncGenerator<StreamPacket> {
    const { follow, poll_ms, limit } = this.#config;
    for (let left = limit; left > 0 && !signal.aborted; ) {
      await this.#take(left, signal);
      if (this.#batch.length === 0 && !follow && !this.#moreToCome) return;
      if (this.#batch.length === 0) await sleep(this.#context.clock, poll_ms, signal);
      if (!follow) left -= this.#batch.length;
      for (let row = this.#batch.shift(); row !== undefined; row = this.#batch.shift()) {
        const packet = await this.#packetOf(row);
        if (packet !== undefined) yield packet;
      }
    }
  }

  /** Rows that were out in a crash come one at a time, each when the one before it is done. */
  get #moreToCome(): boolean {
    const { ready, leased } = this.#door.depth();
    return ready > 0 && leased > 0;
  }

  ack(packet: StreamPacket) {
    const row = this.#settled(packet);
    if (row === undefined) return;
    this.#counts.acked += 1;
    this.#acks.add(row).catch((error) => this.#unsettled("ack", row, error));
  }

  nack(packet: StreamPacket, reason: string) {
    const row = this.#settled(packet);
    if (row !== undefined) this.#giveBack(row, reason);
  }

  async close() {
    if (this.#closed) return;
    this.#closed = true;
    const batch = this.#batch.splice(0);
    await Promise.all([this.#acks.flush(), this.#nacks.flush()]);
    if (batch.length > 0) await this.#release(batch);
    await this.#door.close();
  }

  metrics() {
    const { emitted, acked, failed, unreadable } = this.#counts;
    const settled = { acked_total: acked, nacked_total: failed, dead_letters: this.#door.depth().dead };
    return {
      emitted_total: emitted,
      unreadable_total: unreadable,
      queue_depth: rowsIn(this.#door.depth()),
      ...(this.hearsAcks ? settled : {}),
    };
  }

  async #release(batch: readonly QueueRow[]) {
    const access = await this.#door.access();
    if (access.layout === "schnitzel") await access.queue.release(batch);
  }

  async #ackAll(leases: readonly LeaseRef[]): Promise<readonly Settled[]> {
    const { queue } = await this.#door.access();
    return await queue.ack(leases);
  }

  async #take(count: number, signal: AbortSignal) {
    const { acks, lease_ms, follow } = this.#config;
    // Whoever hears of each packet's end needs no time limit.
    const leaseMs = acks === "graph" ? Number.POSITIVE_INFINITY : lease_ms;
    const access = await this.#door.access();
    const request = { count, holder: this.#context.nodeId, leaseMs, wait: follow, signal };
    this.#batch = await lease(access, request);
  }

  async #packetOf(row: QueueRow): Promise<StreamPacket | undefined> {
    const { path, meta_key, layout } = this.#config;
    const lease = layout === "schnitzel" ? { attempt: row.attempt } : {};
    try {
      const fields = this.#codec.decode(row);
      const named = withRow(fields, meta_key, { path, seq: row.seq, ...lease, node_id: this.#context.nodeId });
      const packet = this.#context.packet(named);
      if (this.hearsAcks) this.#underWay.set(packet, row);
      // One by one: rows behind a stop stay.
      if (this.#config.delete_on_emit) await this.#ackAll([row]);
      this.#counts.emitted += 1;
      return packet;
    } catch (error) {
      this.#refuse(row, error as Error);
      return undefined;
    }
  }

  #refuse(row: QueueRow, { message }: Error) {
    const reason = `row ${row.seq} of ${this.#config.path} is no packet: ${message}`;
    this.#counts.unreadable += 1;
    this.#context.reject(row, reason);
    this.#giveBack(row, reason);
  }

  #giveBack(row: QueueRow, reason: string) {
    this.#counts.failed += 1;
    const delayMs = fullJitterMs(this.#context.random, row.attempt - 1, RETRY_BASE_MS, RETRY_CAP_MS);
    this.#nacks.add({ ...row, reason, delayMs }).catch((error) => this.#unsettled("nack", row, error));
  }

  /** The predecessor's files know no failure: the row stays, and the next run reads it again. */
  async #nack(failures: readonly Failure[]): Promise<readonly Settled[]> {
    const access = await this.#door.access();
    return access.layout === "schnitzel" ? await access.queue.nack(failures) : failures.map(() => "done");
  }

  #settled(packet: StreamPacket): QueueRow | undefined {
    const row = this.#underWay.get(packet);
    this.#underWay.delete(packet);
    return row;
  }

  /** The row stays leased, so the next run delivers it again. */
  #unsettled(call: string, { seq }: QueueRow, error: unknown) {
    this.#context.log.error(`${call} of row ${seq} was not written: the next run delivers it again`, {
      path: this.#config.path,
      reason: (error as Error).message,
    });
  }
}

const lease = ({ layout, queue }: QueueAccess, request: LeaseRequest): QueueRow[] | Promise<QueueRow[]> =>
  layout === "schnitzel" ? queue.lease(request) : queue.lease(request.count, request.holder);
