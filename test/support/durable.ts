import * as fs from "node:fs";
import * as path from "node:path";
import type { RunOptions } from "../../src/engine/index.ts";
import { Engine } from "../../src/engine/index.ts";
import { durableOptions } from "../../src/graph/durable.ts";
import type { DurableOptions, GraphPlan } from "../../src/graph/plan.ts";
import type { Spill } from "../../src/node/index.ts";
import {
  type CheckpointStore,
  type OnEvent,
  openCheckpointsInline,
  openInline,
  type Queue,
  type QueueOptions,
} from "../../src/store/index.ts";
import { plan, type TestHost, type TestNode, toEnd, virtualHost } from "./engine.ts";
import { temporaryFolder } from "./folder.ts";

/** A graph whose edges marked with `=>` are durable, and the files they are kept in. */
export class DurableBox {
  readonly #folder = temporaryFolder();
  /** Options of the next run. */
  given: Partial<DurableOptions>;
  /** For every durable edge of the next run. */
  spill: Spill | undefined;
  /** `checkpoint:` of the graph in the next run. */
  checkpoint: GraphPlan["checkpoint"];
  /** Its name in the next run. */
  graph = "test";
  /** `--fresh-state`. */
  fresh = false;
  readonly #wrap: (queue: Queue) => Queue;

  constructor(given: Partial<DurableOptions> = {}, wrap: (queue: Queue) => Queue = (queue) => queue) {
    this.given = given;
    this.#wrap = wrap;
  }

  get options(): DurableOptions {
    return { ...durableOptions(true)!, ...this.given };
  }

  plan(nodes: readonly TestNode[], edges: readonly string[]): GraphPlan {
    const made = plan(
      nodes,
      edges.map((edge) => edge.replace("=>", "->")),
    );
    const kept = made.edges.map((edge, at) => (edges[at]!.includes("=>") ? { ...edge, durable: this.options } : edge));
    return {
      ...made,
      name: this.graph,
      edges: kept,
      ...(this.checkpoint === undefined ? {} : { checkpoint: this.checkpoint }),
    };
  }

  open(name: string, host: TestHost, limits: Partial<QueueOptions> = {}): Promise<Queue> {
    const { ordered, max_attempts, remember_ms, max_bytes, overflow } = this.options;
    return openInline(path.join(this.#folder.path, `${name}.sqlite3`), {
      clock: host.clock,
      onEvent: (level, message, fields) => host.log("store")[level](message, fields),
      ordered,
      maxAttempts: max_attempts,
      rememberMs: remember_ms,
      maxBytes: max_bytes,
      overflow: overflow === "drop_oldest" ? "drop_oldest" : "refuse",
      ...limits,
    });
  }

  get stateFile(): string {
    return path.join(this.#folder.path, "state.sqlite3");
  }

  openState({ clock, log }: TestHost): CheckpointStore {
    const onEvent: OnEvent = (level, message, fields) => log("store")[level](message, fields);
    return openCheckpointsInline(this.stateFile, { clock, onEvent });
  }

  /** Starts an engine on the files; `ended` closes them again. */
  async start(
    nodes: readonly TestNode[],
    edges: readonly string[],
    options: RunOptions = {},
    wrapStore: (store: CheckpointStore) => CheckpointStore = (store) => store,
  ) {
    const made = this.plan(nodes, edges);
    const host = virtualHost();
    const queues = new Map<number, Queue>();
    for (const { index, durable } of made.edges) {
      if (durable !== undefined) queues.set(index, this.#wrap(await this.open(`edge${index}`, host)));
    }
    const letters = await this.open("letters", host, { ordered: true, maxAttempts: 1 });
    const durable = { queues, letters, spills: this.#spills(queues) };
    const checkpoints = { open: async () => wrapStore(this.openState(host)), fresh: this.fresh };
    const engine = new Engine(made, { ...host, durable, checkpoints }, options);
    const all = [...queues.values(), letters];
    const ended = engine.run().finally(() => Promise.all(all.map((queue) => queue.close())));
    return { engine, host, ended, queues, letters };
  }

  #spills(queues: ReadonlyMap<number, Queue>): ReadonlyMap<number, Spill> {
    const { spill } = this;
    return new Map(spill === undefined ? [] : [...queues.keys()].map((edge) => [edge, spill]));
  }

  /** Runs to the end; time moves whenever nothing else can happen. */
  async run(nodes: readonly TestNode[], edges: readonly string[], options: RunOptions = {}) {
    const { engine, host, ended } = await this.start(nodes, edges, options);
    const snapshot = await toEnd(ended, host);
    return { ...snapshot, engine, host };
  }

  /** The files as a machine finds them that is switched off now. */
  afterCrash(): DurableBox {
    const copy = new DurableBox(this.given);
    copy.checkpoint = this.checkpoint;
    // Written in turns of this thread, so between two of them they fit together.
    fs.cpSync(this.#folder.path, copy.#folder.path, { recursive: true });
    return copy;
  }

  /** What a queue holds between two runs. */
  async look<Result>(name: string, work: (queue: Queue) => Promise<Result>): Promise<Result> {
    const queue = await this.open(name, virtualHost());
    try {
      return await work(queue);
    } finally {
      await queue.close();
    }
  }

  [Symbol.dispose]() {
    this.#folder[Symbol.dispose]();
  }
}
