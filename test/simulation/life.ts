import { sleep } from "../../src/base/clock.ts";
import { Engine, type Host } from "../../src/engine/index.ts";
import type { GraphPlan } from "../../src/graph/plan.ts";
import { ABSENT, diskFiles, type NodeContext } from "../../src/node/index.ts";
import type { QueueClient } from "../../src/store/queue_client.ts";
import { plan, type TestNode } from "../support/engine.ts";
import type { Box } from "./box.ts";
import { LifeClock } from "./clock.ts";
import { Mortal } from "./mortal.ts";
import { instanceOf } from "./nodes.ts";
import type { ShapeNode } from "./shape.ts";
import type { SimTransport } from "./sim_transport.ts";

const FILES = diskFiles({ base: "/nonexistent" });

/** One process: from its start to its end, or to the moment it dies. */
export class Life extends Mortal {
  readonly box: Box;
  readonly queues = new Map<number, QueueClient>();
  readonly transports: SimTransport[] = [];
  readonly #drainMs: number;

  constructor(box: Box, drainMs: number) {
    super(box, new LifeClock(box.clock, box.weather.creepMs));
    this.box = box;
    this.#drainMs = drainMs;
  }

  /** Opens the files and runs the graph. It may die on the way. */
  start() {
    const { shape, disks, weather } = this.box;
    for (const edge of shape.durableEdges) {
      try {
        const { client, transport } = disks.get(edge)!.open(this);
        this.queues.set(edge.index, client);
        this.transports.push(transport);
      } catch (error) {
        // A disk that fails while a file is opened ends the program; whoever watches it starts it again.
        this.die(`cannot open: ${(error as Error).message}`);
      }
      if (!this.alive) return;
    }
    const engine = new Engine(this.#plan(), this.#host(), { drainMs: this.#drainMs, fuse: weather.fuse });
    void this.run(engine, this.queues);
  }

  wait(ms: number): Promise<void> {
    return sleep(this.clock, ms);
  }

  protected files() {
    return this.box.disks.values();
  }

  #plan(): GraphPlan {
    const { nodes, edges } = this.box.shape;
    const made = plan(
      nodes.map((node) => this.#node(node)),
      edges.map(({ from, to }) => `${from.id} -> ${to.id}`),
    );
    const kept = made.edges.map((edge, at) => {
      const { durable } = edges[at]!;
      return durable === undefined ? edge : { ...edge, durable };
    });
    return { ...made, edges: kept };
  }

  #node(node: ShapeNode): TestNode {
    const { id, role, runtime } = node;
    const ports = { inputs: role === "source" ? [] : ["in"], outputs: role === "sink" ? [] : ["out"] };
    const kind = role === "middle" ? "transform" : role;
    const create = (context: NodeContext) =>
      role === "source" ? this.box.senders.get(id)!.source(this) : instanceOf(this, node, context);
    return { id, kind, ...ports, runtime, create };
  }

  #host(): Host {
    const { box, clock, queues } = this;
    const nothing = () => {
      throw new Error("the simulation has no such thing");
    };
    const log = (id: string) => (message: string) => box.alive === this && box.note(`log ${id} ${message}`);
    return {
      clock,
      random: box.net.random(),
      seed: box.seed,
      files: FILES,
      io: { write: nothing, read: nothing },
      fetch: nothing as never,
      resolve: nothing as never,
      serve: nothing as never,
      ...ABSENT,
      log: (id) => ({ debug: log(id), info: log(id), warn: log(id), error: log(id) }),
      yieldToLoop: () => box.laterInLoop(this),
      // In every other seed calls are so small that two are under way at once.
      durable: { queues, callRows: box.seed % 2 === 0 ? 2 : undefined },
    };
  }
}
