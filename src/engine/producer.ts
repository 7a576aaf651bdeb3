import type { PlanNode } from "../graph/plan.ts";
import type { EdgeCounters, NodeCounters } from "../observe/index.ts";
import { HeldLine } from "./held.ts";
import type { Inbox } from "./inbox.ts";
import type { NodeRun } from "./node_run.ts";

/** One edge of a running graph. */
export interface EdgeRun {
  /** Of the plan that is run; a reload may give it another. */
  index: number;
  from: Producer;
  readonly fromPort: string;
  to: NodeRun;
  input: InputRun;
  /** Name of the input port, as `process` gets it. */
  readonly toPort: string;
  readonly counters: EdgeCounters;
  /** Short for its two ends; part of the keys of copies, so it is the same in every run. */
  readonly mark: string;
  /** It closes a cycle: it never blocks, and packets that went round too often end here. */
  readonly feedback: boolean;
  /** Packets that went through the inbox; the others were handed straight on and waited for nothing. */
  queued: number;
  /** Packets of it that its producer holds; while there are any, later ones go behind them. */
  held: number;
}

/** One input port of a running node: its inbox and who fills it. */
export interface InputRun {
  /** What comes round a cycle to this port: an inbox of its own, so that what comes from outside cannot fill it. */
  readonly feedback: boolean;
  readonly name: string;
  inbox: Inbox;
  readonly node: NodeRun;
  /** Who waits while it is shut: the nodes whose edges lead here, or where a cycle closes the sources before it. */
  readonly feeders: Producer[];
  /** True while the inbox is full (of feedback, half full) and makes its feeders wait. */
  shut: boolean;
}

/**
 * What a source and a node at run time share: outgoing edges and the reasons to wait.
 *
 * Invariant: `held` is empty unless `blocked > 0`.
 */
export abstract class Producer {
  /** These two are of the plan that is run. */
  plan: PlanNode;
  index: number;
  /** They go on by id: a reload gives a node those of the one whose place it takes. */
  counters: NodeCounters;
  /** Outgoing edges by port, in the order of the graph file. */
  readonly outputs = new Map<string, EdgeRun[]>();
  /** Full downstream inboxes that block; while above zero this producer does not run. */
  blocked = 0;
  held = new HeldLine();
  lastError: { message: string; atMs: number } | undefined;
  /** Set when there is exactly one outgoing edge: its packets may skip the inbox. */
  sole: EdgeRun | undefined;
  /** In the order of the graph file. */
  firstEdge: EdgeRun | undefined;
  #edges = 0;

  constructor(plan: PlanNode, counters: NodeCounters) {
    this.plan = plan;
    this.index = plan.index;
    this.counters = counters;
    for (const port of plan.outputs) this.outputs.set(port, []);
  }

  get id(): string {
    return this.plan.id;
  }

  /** Forgets its edges; the ports are those of its plan. */
  disconnect() {
    this.outputs.clear();
    for (const port of this.plan.outputs) this.outputs.set(port, []);
    this.sole = this.firstEdge = undefined;
    this.#edges = 0;
  }

  connect(edge: EdgeRun) {
    this.outputs.get(edge.fromPort)!.push(edge);
    this.firstEdge ??= edge;
    this.#edges += 1;
    // Not where a cycle closes: what is handed straight on must be further downstream.
    this.sole = this.#edges === 1 && !edge.feedback ? edge : undefined;
  }

  /** Called when `blocked` went to or left zero. */
  abstract roomChanged(): void;
}
