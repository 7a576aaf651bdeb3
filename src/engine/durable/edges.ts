import type { GraphPlan } from "../../graph/plan.ts";
import type { PacketFailure, Spill } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { Queue, QueueRow } from "../../store/index.ts";
import type { Failures } from "../failures.ts";
import { NodeRun } from "../node_run.ts";
import type { Producer } from "../producer.ts";
import { SourceRun } from "../source_run.ts";
import { expandDurable, type RunPlan } from "./expand.ts";
import { Inlet } from "./inlet.ts";
import { keptName, type Link, linkName, newLink } from "./link.ts";
import { Outlet } from "./outlet.ts";
import { lettersLink, refusalOf, withReplays } from "./replays.ts";
import type { UnseenRows } from "./unseen.ts";

export interface DurableHost {
  /** Open queues by index of their edge; one for every durable edge of the plan. */
  queues?: ReadonlyMap<number, Queue> | undefined;
  /** Dead letters of all nodes; those that a person asked to replay are delivered. */
  letters?: Queue | undefined;
  /** Rows of one call. A simulation has few packets, and its calls are to overlap all the same. */
  callRows?: number | undefined;
  /** For edges with `payload_ref`, by index. */
  spills?: ReadonlyMap<number, Spill> | undefined;
}

/** Durable edges of a graph that does not run yet. */
export interface PreparedEdges {
  readonly plan: RunPlan;
  readonly links: ReadonlyMap<number, Link>;
  readonly letters: Link | undefined;
  readonly refuse: Link["refuse"];
}

/** The durable edges of a run: their links, their hidden nodes, and when there is nothing left to come out of them. */
export class DurableEdges {
  plan: RunPlan;
  links: ReadonlyMap<number, Link> = new Map();
  #outlets: Outlet[] = [];
  #letters: Link | undefined;
  readonly #producers = new Map<string, Producer>();
  readonly #failures: Failures;
  /** Nodes from which a durable edge can be reached. */
  #before: ReadonlySet<number>;
  readonly #onChange: () => void;

  /** `onChange` hears that something may have become possible, or the end may have come. */
  constructor(plan: GraphPlan, host: DurableHost, failures: Failures, onChange: () => void) {
    this.#failures = failures;
    this.#onChange = onChange;
    const first = this.prepare(plan, host);
    this.plan = first.plan;
    this.#before = nodesBefore(first.plan);
    this.adopt(first);
  }

  /** The durable edges of another graph; those of the same name and queue stay the links they are. Changes nothing. */
  prepare(plan: GraphPlan, { queues, letters, spills, callRows }: DurableHost): PreparedEdges {
    const known = new Map([...this.links.values()].map((link) => [link.name, link]));
    const links = new Map<number, Link>();
    for (const edge of plan.edges) {
      const { index, durable: options } = edge;
      const queue = queues?.get(index);
      if (options === undefined || queue === undefined) continue;
      const name = linkName(plan, edge);
      const old = known.get(name);
      const spill = spills?.get(index);
      links.set(index, old?.queue === queue ? old : newLink({ index, options, name, queue, callRows, spill }));
    }
    const onChange = this.#onChange;
    const eventsOf = (link: Link) => ({
      onChange,
      onDead: (packet: StreamPacket, row: QueueRow, failure: PacketFailure) =>
        this.#setAside(link, packet, row, failure),
      onUnseen: (unseen: UnseenRows) => this.#countUnseen(link, unseen),
    });
    const expanded = expandDurable(plan, links, eventsOf);
    const refuse = letters && refusalOf(plan);
    const replays = letters && (this.#letters ?? lettersLink(letters));
    const run = replays === undefined ? expanded : withReplays(expanded, replays, eventsOf);
    return { plan: run, links, letters: replays, refuse };
  }

  /** Before {@link attach} of all nodes. */
  adopt({ plan, links, letters, refuse }: PreparedEdges) {
    this.plan = plan;
    this.links = links;
    for (const [index, link] of links) link.index = index;
    this.#letters = letters;
    if (letters !== undefined) letters.refuse = refuse;
    this.#before = nodesBefore(plan);
    this.#outlets = [];
    this.#producers.clear();
  }

  /** Told of every node once it is created. */
  attach(producer: Producer) {
    if (!this.plan.ends.has(producer.index)) this.#producers.set(producer.id, producer);
    if (producer instanceof NodeRun) {
      if (producer.instance instanceof Inlet) producer.instance.node = producer;
    } else if (producer instanceof SourceRun) {
      producer.tracked = this.#before.has(producer.index);
      if (!(producer.instance instanceof Outlet)) return;
      producer.unmetered = true;
      producer.portOf = producer.instance.portOf;
      this.#outlets.push(producer.instance);
    }
  }

  /** Of an edge, or of the dead letters, as a checkpoint names it; those of before knew no files. */
  queueNamed(name: string): Queue | undefined {
    const all = [...this.links.values(), this.#letters].filter((link) => link !== undefined);
    return (all.find((link) => keptName(link) === name) ?? all.find((link) => link.name === name))?.queue;
  }

  /** Counts a packet that failed for the last time, at the node it failed at; the queue's file has it. */
  #setAside({ index, name }: Link, packet: StreamPacket, row: QueueRow, { node, port, error }: PacketFailure) {
    const failed = this.#failedAt(index, node);
    const tried = { attempts: row.attempt, failedAtMs: row.enqueuedMs, port, queue: name };
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    this.#failures.setAside(failed, packet, reason, tried);
  }

  /** Counted at the node that they were for. */
  #countUnseen({ index, name }: Link, { rows, reason }: UnseenRows) {
    this.#failures.setAside(this.#behind(index), { rows }, reason, { attempts: 0, queue: name, rows });
  }

  /**
   * The node of the graph that failed with a packet of edge `index`. A further durable edge that refused it stands in no
   * file: the node that sent it there is meant. Without a name it is the one the edge leads to.
   */
  #failedAt(index: number, node: string | undefined): Producer {
    const known = node === undefined ? undefined : this.#producers.get(node);
    if (known !== undefined) return known;
    const refused = [...this.links.values()].find(({ name }) => name === node);
    if (refused === undefined) return this.#behind(index);
    return this.#producers.get(this.plan.nodes[this.plan.edges[refused.index]!.from]!.id)!;
  }

  /** The node that a durable edge leads to; what is replayed leads to all, so any will do for what names none. */
  #behind(index: number): Producer {
    const far = this.plan.edges[this.plan.behind.get(index) ?? 0]!;
    return this.#producers.get(this.plan.nodes[far.to]!.id) ?? this.#producers.values().next().value!;
  }

  /**
   * True when only outlets live and none of them has anything to come: the run is at its end. `kept` says whether nodes
   * keep packets: rows that wait for those do not come to their end by themselves.
   */
  finished(live: readonly SourceRun[], kept: () => boolean): boolean {
    if (!live.every(({ unmetered }) => unmetered)) return false;
    return this.#outlets.every((outlet) => outlet.idle || (outlet.resting && kept()));
  }
}

function nodesBefore({ edges, ends }: RunPlan): Set<number> {
  const before = new Set([...ends.keys()]);
  const into = Map.groupBy(edges, ({ to }) => to);
  for (const node of before) for (const { from } of into.get(node) ?? []) before.add(from);
  return before;
}
