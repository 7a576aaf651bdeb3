import { Engine, type Host, type ReloadResult } from "../../../src/engine/index.ts";
import { changesOf } from "../../../src/graph/changes.ts";
import type { GraphPlan } from "../../../src/graph/plan.ts";
import { ABSENT, diskFiles } from "../../../src/node/index.ts";
import type { QueueClient } from "../../../src/store/queue_client.ts";
import { LifeClock } from "../clock.ts";
import { Mortal } from "../mortal.ts";
import type { Change, Yard } from "./graph.ts";
import { planOf } from "./plan.ts";
import { SimThread } from "./thread.ts";
import type { YardBox } from "./yard.ts";

const FILES = diskFiles({ base: "/nonexistent" });

/** One process that runs graphs, one after the other, in the same run. */
export class YardLife extends Mortal {
  readonly yard: YardBox;
  readonly thread: SimThread;
  /** The graph that runs. */
  graph: Yard;
  #reloading = false;
  readonly #queues = new Map<string, QueueClient>();

  constructor(yard: YardBox, graph: Yard) {
    super(yard, new LifeClock(yard.clock, 0));
    this.yard = yard;
    this.graph = graph;
    this.thread = new SimThread(this);
  }

  start() {
    const plan = planOf(this, this.graph);
    const durable = this.#open(plan);
    if (durable === undefined) return;
    void this.run(new Engine(plan, this.#host(durable), { drainMs: this.yard.drainMs }), this.#queues);
  }

  /** Asks the process for another graph; undefined when it died on the way. */
  async reload(change: Change): Promise<ReloadResult | undefined> {
    // As the command line has it: files of the one before may still be closing.
    if (this.#reloading) return { outcome: "refused", generation: 0, reason: "another reload is under way" };
    const { state } = this.engine!;
    // Its files are closing, or not all open.
    if (state !== "running") return { outcome: "refused", generation: 0, reason: `the run is ${state}` };
    this.#reloading = true;
    try {
      return await this.#reload(change);
    } finally {
      this.#reloading = false;
    }
  }

  async #reload({ yard: graph, allowed }: Change): Promise<ReloadResult | undefined> {
    const engine = this.engine!;
    const plan = planOf(this, graph);
    const before = new Set(this.#queues.keys());
    const durable = this.#open(plan);
    if (durable === undefined) return undefined;
    const changes = changesOf(engine.plan, plan);
    const result = await engine.reloads.reload(plan, { changes, durable, ...allowed });
    if (!this.alive) return undefined;
    if (result.outcome === "reloaded") this.graph = graph;
    const kept = result.outcome === "reloaded" ? new Set(filesOf(plan)) : before;
    for (const [name, queue] of [...this.#queues]) {
      if (kept.has(name)) continue;
      this.#queues.delete(name);
      await queue.close();
    }
    return result;
  }

  protected files() {
    return this.yard.files.values();
  }

  /** Opens the files of a plan that are not open yet. Undefined when the process died meanwhile. */
  #open(plan: GraphPlan): Host["durable"] | undefined {
    const queues = new Map<number, QueueClient>();
    for (const { index, durable } of plan.edges) {
      const name = durable?.path;
      if (name === undefined) continue;
      try {
        const queue = this.#queues.get(name) ?? this.yard.file(name).queue(this);
        this.#queues.set(name, queue);
        queues.set(index, queue);
      } catch (error) {
        this.die(`cannot open: ${(error as Error).message}`);
      }
      if (!this.alive) return undefined;
    }
    return { queues, callRows: this.yard.callRows };
  }

  #host(durable: Host["durable"]): Host {
    const { yard, clock } = this;
    const nothing = () => {
      throw new Error("the simulation has no such thing");
    };
    const log = (id: string) => (message: string, fields?: object) =>
      this.alive && yard.note(`log ${id} ${message} ${JSON.stringify(fields ?? {})}`);
    return {
      clock,
      random: yard.net.random(),
      seed: yard.seed,
      files: FILES,
      io: { write: nothing, read: nothing },
      fetch: nothing as never,
      resolve: nothing as never,
      serve: nothing as never,
      ...ABSENT,
      log: (id) => ({ debug: log(id), info: log(id), warn: log(id), error: log(id) }),
      yieldToLoop: () => yard.laterInLoop(this),
      durable: durable!,
      checkpoints: { open: async () => yard.file("state").states(this), fresh: false },
    };
  }
}

const filesOf = ({ edges }: GraphPlan) => edges.flatMap(({ durable }) => durable?.path ?? []);
