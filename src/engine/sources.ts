import { toError } from "../base/to_error.ts";
import type { PacketFailure } from "../node/index.ts";
import { isPacket, type StreamPacket, whyNotPacket } from "../packet/index.ts";
import { AckRoot, type Settle } from "./ack.ts";
import { Outlet } from "./durable/outlet.ts";
import type { EventTime } from "./event_time/event_time.ts";
import type { Failures } from "./failures.ts";
import type { SourceTap } from "./host.ts";
import { HEART_NODE, type Scheduler } from "./scheduler.ts";
import type { SourceRun } from "./source_run.ts";
import type { ThrottlePolicy } from "./throttle.ts";

export interface SourcesOptions {
  scheduler: Scheduler;
  failures: Failures;
  heart: Int32Array;
  throttles: readonly ThrottlePolicy[];
  tap: SourceTap | undefined;
  /** A throttle refused. */
  onRefused(policy: ThrottlePolicy): void;
  /** A source threw while it was asked for a packet. */
  onError(source: SourceRun, error: unknown): void;
}

/** Pulls the sources in turn, one packet each, and only those whose outputs have room. */
export class Sources {
  /** Packets that all sources together have sent. */
  emitted = 0;
  /** Sources that have not ended, in declaration order. */
  readonly live: SourceRun[];
  /** Acks that wait for a checkpoint under way; queues know by themselves which of theirs do. */
  later: (() => void)[] | undefined;
  /** Undefined when no node waits for event time, and once the run is stopped: then {@link Ending} says what is over. */
  eventTime: EventTime | undefined;
  readonly #options: SourcesOptions;
  readonly #scheduler: Scheduler;
  readonly #heart: Int32Array;
  readonly #startMs: number;
  readonly #tap: SourceTap | undefined;
  readonly #settles = new Map<SourceRun, Settle>();
  #pointer = 0;
  #granted = 0;

  constructor(sources: readonly SourceRun[], options: SourcesOptions) {
    this.live = [...sources];
    this.#options = options;
    this.#scheduler = options.scheduler;
    this.#heart = options.heart;
    this.#startMs = options.scheduler.nowMs;
    this.#tap = options.tap;
  }

  /** Takes a packet from the next source that has one; false when none has. */
  readonly feed = (): boolean => {
    if (this.eventTime === undefined) return this.#feed();
    // Again when nothing came: a source may just have ended. None is left when a budget was spent, which ended them all.
    return this.eventTime.tell() || this.#feed() || (this.eventTime?.tell() ?? false);
  };

  #feed(): boolean {
    if (this.live.length === 1) return this.#feedSole(this.live[0]!);
    for (let tries = this.live.length; tries > 0; tries--) {
      if (this.#pointer >= this.live.length) this.#pointer = 0;
      const source = this.live[this.#pointer];
      // A throttle refused just now, and the stop that followed ended them all.
      if (source === undefined) return false;
      if (source.blocked > 0) this.#pointer += 1;
      else if (this.#offer(source)) return true;
    }
    return false;
  }

  /** A source without rivals goes on while nothing else is ready, as it would be asked next anyway. */
  #feedSole(source: SourceRun): boolean {
    const scheduler = this.#scheduler;
    let fed = false;
    while (source.blocked === 0) {
      if (source.hasNext && (source.unmetered || this.#granted > 0)) this.#send(source, source.next());
      else if (!this.#offer(source)) return fed;
      fed = true;
      if (scheduler.hasReady || !scheduler.step() || this.eventTime?.tell()) break;
    }
    return fed;
  }

  /** Ends every source, or all but those behind durable edges; what is in flight goes on. */
  end({ keepUnmetered = false } = {}) {
    this.eventTime = undefined;
    const ending = this.live.filter(({ unmetered }) => !(keepUnmetered && unmetered));
    this.live.splice(0, this.live.length, ...this.live.filter((source) => !ending.includes(source)));
    for (const source of ending) source.end();
  }

  /** The sources of another graph, in its order; those that have ended are none of them. */
  replace(live: readonly SourceRun[]) {
    this.live.splice(0, this.live.length, ...live);
    for (const source of this.#settles.keys()) if (!live.includes(source)) this.#settles.delete(source);
    this.#pointer = 0;
  }

  remove(source: SourceRun) {
    const at = this.live.indexOf(source);
    if (at < 0) return;
    this.live.splice(at, 1);
    this.eventTime?.ended();
    if (!source.unmetered) this.#tap?.ended(source.id);
    // The pointer stays at the same index, so the source after the one that ended is next.
    if (at < this.#pointer) this.#pointer -= 1;
  }

  #offer(source: SourceRun): boolean {
    if (!source.unmetered && !(this.#granted > 0) && !this.#ask()) return false;
    this.#heart[HEART_NODE] = source.index;
    try {
      const pull = source.pull();
      if (pull === "ended") this.remove(source);
      else this.#pointer += 1;
      if (pull !== "packet") return false;
    } catch (error) {
      this.#options.onError(source, error);
      return false;
    }
    this.#send(source, source.next());
    return true;
  }

  #ask(): boolean {
    const { throttles, scheduler, onRefused } = this.#options;
    let granted = Number.POSITIVE_INFINITY;
    for (const policy of throttles) {
      const grant = policy.grant(this.emitted, scheduler.nowMs - this.#startMs);
      if (!(grant > 0)) {
        onRefused(policy);
        return false;
      }
      granted = Math.min(granted, grant);
    }
    this.#granted = granted;
    return true;
  }

  #send(source: SourceRun, packet: StreamPacket) {
    const { sole } = source;
    if (!isPacket(packet)) return this.#refuse(source, packet);
    if (!source.unmetered) {
      this.#granted -= 1;
      this.emitted += 1;
      this.#tap?.sent(source.id, packet);
    }
    source.counters.produced += 1;
    if (source.time !== undefined) this.eventTime?.observe(source.time, packet);
    const settle = source.waits ? this.#settleOf(source) : undefined;
    const root = source.waits ? new AckRoot(packet, settle, source.instance.keeps) : undefined;
    if (settle !== undefined) source.outstanding += 1;
    if (root !== undefined) root.asked = source.plan.definition.acknowledges;
    if (sole !== undefined) this.#scheduler.sendSole(sole, packet, root);
    else this.#fanOut(source, packet, root);
    root?.done();
  }

  #fanOut(source: SourceRun, packet: StreamPacket, root: AckRoot | undefined) {
    const port = source.portOf?.(packet) ?? source.plan.outputs[0]!;
    const edges = source.outputs.get(port);
    // Of a letter that is sent back: its node went with a reload in this moment.
    if (edges === undefined) return root === undefined ? undefined : goneFor(root, port);
    for (const [at, edge] of edges.entries()) {
      this.#scheduler.send(edge, packet, root?.branch(edge.mark, at, edge, packet));
    }
  }

  #refuse(source: SourceRun, yielded: unknown) {
    this.#options.failures.setAside(source, yielded, `run yielded no packet: ${whyNotPacket(yielded)}`);
  }

  /** One function per source, as every packet needs it; none when it hears nothing. */
  #settleOf(source: SourceRun) {
    if (source.instance.ack === undefined && source.instance.nack === undefined) return undefined;
    const known = this.#settles.get(source);
    if (known !== undefined) return known;
    const made = this.#settle(source);
    this.#settles.set(source, made);
    return made;
  }

  #settle(source: SourceRun): Settle {
    const settle: Settle = (packet: StreamPacket, failure: PacketFailure | undefined) => {
      if (this.later !== undefined && failure === undefined && !source.unmetered) {
        this.later.push(() => settle(packet, failure));
        return;
      }
      source.outstanding -= 1;
      try {
        if (failure === undefined) source.instance.ack?.(packet);
        else source.instance.nack?.(packet, failure.error.message, failure);
      } catch (thrown) {
        const call = failure === undefined ? "ack" : "nack";
        const { message } = toError(thrown);
        this.#options.failures.note(source, new Error(`${call} of packet ${packet.packet_id} failed: ${message}`));
      }
    };
    if (source.instance instanceof Outlet) settle.kept = source.instance.kept;
    return settle;
  }
}

function goneFor(root: AckRoot, port: string) {
  const error = new Error(`the graph has no ${port} any more`);
  root.add();
  root.fail({ kind: "unavailable", error, node: undefined, port: undefined });
}
