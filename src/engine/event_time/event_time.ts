import type { Clock } from "../../base/clock.ts";
import type { EventTimeOptions } from "../../graph/plan.ts";
import type { NodeRun } from "../node_run.ts";
import type { EdgeRun } from "../producer.ts";
import type { SourceRun } from "../source_run.ts";
import type { Timers } from "../timers.ts";
import { IdleTimer } from "./idle_timer.ts";
import { Leading, type Reach } from "./leading.ts";
import { EarliestPending } from "./pending.ts";
import { SourceTime } from "./source_time.ts";
import { type EventTimeState, readState, stateOf } from "./state.ts";

/** Why 50 ms: what waits in a busy graph is looked through 20 times a second, and a window is as late at most. */
const LOOK_MS = 50;
/** Looking through it takes this share of the time at most, however much waits. */
const LOOK_SHARE = 0.05;

/** What of a run event time needs. */
export interface EventTimeRun {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly scheduler: { readonly nowMs: number; readonly hasReady: boolean; readonly inFlight: number };
  readonly wiring: {
    readonly nodes: readonly NodeRun[];
    readonly sources: readonly SourceRun[];
    readonly edges: readonly EdgeRun[];
  };
  /** Undefined for a source that event time does not wait for. */
  optionsOf(source: SourceRun): EventTimeOptions | undefined;
  work(): void;
}

/**
 * Tells nodes with `advance` how far event time has come.
 *
 * A node's watermark is the lowest of the sources that lead to it, and never above what is still on its way. It is told
 * between two packets of the sources, upstream first: what a node emits reaches those behind it before they hear.
 */
export class EventTime {
  readonly sources = new Map<string, SourceTime>();
  readonly #run: EventTimeRun;
  readonly #reaches: readonly Reach[];
  readonly #leading: Leading;
  readonly #idleTimer: IdleTimer;
  /** A watermark may have risen, or somebody was not told of it yet. */
  #open = true;
  #nextLookMs = Number.NEGATIVE_INFINITY;
  #lookTimer = false;

  /** Undefined when no node has `advance`: such a run pays nothing. */
  static of(run: EventTimeRun): EventTime | undefined {
    const nodes = run.wiring.nodes.filter(({ timed }) => timed?.advances);
    return nodes.length === 0 ? undefined : new EventTime(run, nodes);
  }

  constructor(run: EventTimeRun, nodes: readonly NodeRun[]) {
    this.#run = run;
    this.#leading = new Leading(run.wiring.edges, (source) => this.#timeOf(source));
    this.#reaches = [...nodes].sort((a, b) => a.rank - b.rank).map((node) => this.#leading.to(node));
    for (const { nodes: leading, node } of this.#reaches) {
      for (const one of leading) if (one !== node) this.#holdBack(one);
    }
    this.#idleTimer = new IdleTimer(run, [...this.sources.values()], () => {
      this.#open = true;
    });
  }

  /** A source has sent a packet that nobody has seen yet. */
  observe(time: SourceTime, packet: Parameters<SourceTime["observe"]>[0]) {
    if (time.observe(packet, this.#run.scheduler.nowMs)) this.#open = true;
  }

  /** A source came to its end. */
  ended() {
    this.#open = true;
  }

  /** Called before a source is asked for a packet. True: a node was told, and runs first. */
  tell(): boolean {
    if (!this.#open) return false;
    const { scheduler } = this.#run;
    for (const source of this.sources.values()) source.expire(scheduler.nowMs);
    for (const group of this.#leading.groups) group.look(scheduler.nowMs);
    const quiet = scheduler.inFlight === 0 && !scheduler.hasReady;
    if (quiet) return this.#tellNext(() => Number.POSITIVE_INFINITY);
    return this.#mayLook() && this.#tellBusy();
  }

  /** Another one takes its place. */
  stop() {
    this.#idleTimer.stop();
    for (const source of this.#run.wiring.sources) source.time = undefined;
    for (const node of this.#run.wiring.nodes) node.heldBack = undefined;
  }

  /** Everything that a later run needs to go on from here. */
  snapshot(): EventTimeState {
    return stateOf(this.sources, this.#reaches);
  }

  /** Before the first packet. Throws when it is no state of event time. */
  restore(state: unknown) {
    readState(state, this.sources, this.#reaches, this.#run.clock.monotonicMs());
    this.#open = true;
  }

  /** Tells the first node that can be told something; those behind it have their turn when that has run. */
  #tellNext(pendingMs: (reach: Reach) => number): boolean {
    let behind = false;
    for (const reach of this.#reaches) {
      const { node, group } = reach;
      const timed = node.timed!;
      if (group.watermarkMs <= timed.toldMs) continue;
      const watermarkMs = Math.min(capped(reach), pendingMs(reach));
      if (watermarkMs < group.watermarkMs) behind = true;
      if (watermarkMs <= timed.toldMs) continue;
      timed.advanceTo(watermarkMs);
      if (node.runnable) return true;
    }
    this.#open = behind;
    this.#idleTimer.set();
    return false;
  }

  #tellBusy(): boolean {
    const { clock, timers, work } = this.#run;
    const startedMs = clock.monotonicMs();
    const told = this.#tellNext(({ node, producers, nodes }) => EarliestPending.before(node, producers, nodes));
    const endedMs = clock.monotonicMs();
    const waitMs = Math.max(LOOK_MS, (endedMs - startedMs) / LOOK_SHARE);
    this.#nextLookMs = endedMs + waitMs;
    if (!this.#lookTimer) {
      this.#lookTimer = true;
      timers.after(waitMs, () => {
        this.#lookTimer = false;
        if (this.#open) work();
      });
    }
    return told;
  }

  #mayLook(): boolean {
    return this.#run.scheduler.nowMs >= this.#nextLookMs;
  }

  #holdBack(node: NodeRun) {
    const group = this.#leading.group(node);
    node.heldBack ??= { watermarkMs: () => group.watermarkMs, changed: this.#run.work };
  }

  #timeOf(source: SourceRun): SourceTime | undefined {
    const known = this.sources.get(source.id);
    if (known !== undefined) return known;
    const options = this.#run.optionsOf(source);
    if (options === undefined) return undefined;
    const time = new SourceTime(source, options, this.#run.clock);
    this.sources.set(source.id, time);
    source.time = time;
    return time;
  }
}

/** The watermark of a node without what waits in inboxes: that of its sources, of nodes before it, of what those keep. */
function capped({ group, advanced, nodes, node }: Reach): number {
  let { watermarkMs } = group;
  for (const { timed } of advanced) watermarkMs = Math.min(watermarkMs, timed!.passedMs);
  for (const one of nodes) if (one !== node && one.holds.size > 0) watermarkMs = Math.min(watermarkMs, oldestOf(one));
  return watermarkMs;
}

/** Of what a node keeps. Times rise in the order of holds, but for the shared ones, which name none. */
function oldestOf({ holds }: NodeRun): number {
  for (const { watermarkMs } of holds) if (watermarkMs < Number.POSITIVE_INFINITY) return watermarkMs;
  return Number.POSITIVE_INFINITY;
}
