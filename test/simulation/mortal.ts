import type { Engine } from "../../src/engine/index.ts";
import type { RunSnapshot } from "../../src/observe/index.ts";
import type { QueueClient } from "../../src/store/queue_client.ts";
import type { LifeClock } from "./clock.ts";

/** Where processes live: it decides when one dies, and has what outlives it. */
export interface World {
  crashesNow(): boolean;
  note(what: string): void;
}

/** A simulated process: it may die at any step, and what is on the disks stays. */
export abstract class Mortal {
  readonly clock: LifeClock;
  alive = true;
  engine: Engine | undefined;
  /** How the run ended, once it has, with every queue closed. */
  ended: RunSnapshot | undefined;
  readonly #world: World;

  constructor(world: World, clock: LifeClock) {
    this.#world = world;
    this.clock = clock;
  }

  stop() {
    if (this.alive) this.engine?.stop("signal");
  }

  /** The process may die at any of these; true when it has. */
  step(where: string): boolean {
    if (this.alive && this.#world.crashesNow()) this.die(where);
    return !this.alive;
  }

  /** kill -9: what is on the disks stays, nothing else does. */
  die(why: string) {
    if (!this.alive) return;
    this.alive = false;
    this.clock.die();
    this.#world.note(`dies: ${why}`);
    for (const file of this.files()) file.crashed();
  }

  /** Runs to the end, and closes the queues that are open then. */
  protected async run(engine: Engine, queues: ReadonlyMap<unknown, QueueClient>) {
    this.engine = engine;
    const ended = await engine.run();
    for (const queue of queues.values()) await queue.close();
    if (this.alive) this.ended = ended;
  }

  protected abstract files(): Iterable<{ crashed(): void }>;
}
