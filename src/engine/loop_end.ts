import type { Host } from "./host.ts";
import { type LoopAlarm, Loops } from "./loops.ts";
import type { EdgeRun } from "./producer.ts";
import type { SourceRun } from "./source_run.ts";
import type { Timers } from "./timers.ts";

/** What of the engine the end of loops needs. */
interface Surroundings {
  readonly host: Host;
  readonly failures: ConstructorParameters<typeof Loops>[0];
  readonly sources: { readonly live: readonly SourceRun[] };
  readonly wiring: { readonly edges: readonly EdgeRun[] };
  work(): void;
}

/**
 * Ends the cycles of a run. After the end of the input, or a stop, what goes round has half the drain time to leave; then
 * every cycle is cut where it closes. A loop that never empties so keeps no run alive, and what is behind it has the
 * other half.
 */
export class LoopEnd {
  readonly loops: Loops;
  readonly #around: Surroundings;
  readonly #timers: Timers;
  readonly #graceMs: number;
  #ending = false;

  constructor(around: Surroundings, timers: Timers, drainMs: number) {
    this.#around = around;
    this.#timers = timers;
    this.#graceMs = drainMs / 2;
    this.loops = new Loops(around.failures, (edge, alarm) => this.#say(edge, alarm));
  }

  /** Looks whether the input has ended. */
  look() {
    const { live } = this.#around.sources;
    // Sources behind durable edges stay to the end of the run; with nothing to send they only wait for others.
    if (!this.#ending && live.every(({ unmetered }) => unmetered) && !this.#feeds(live)) this.inputEnded();
  }

  inputEnded() {
    if (this.#ending) return;
    this.#ending = true;
    if (!this.#around.wiring.edges.some(({ feedback }) => feedback)) return;
    this.#timers.after(this.#graceMs, () => {
      this.loops.close();
      this.#around.work();
    });
  }

  /** One of these sources leads into a cycle. */
  #feeds(live: readonly SourceRun[]): boolean {
    return this.#around.wiring.edges.some(
      ({ feedback, input }) => feedback && input.feeders.some((one) => live.includes(one as SourceRun)),
    );
  }

  /** Once per edge: a loop out of hand would fill the log, and the counters have the rest. */
  #say({ from, to, toPort }: EdgeRun, alarm: LoopAlarm) {
    const fields = { from: from.id, to: `${to.id}.${toPort}` };
    this.#around.host.log(to.id).error(SAID[alarm], fields);
  }
}

const SAID: Record<LoopAlarm, string> = {
  loop_full: "a cycle makes more packets than it takes; those without room are set aside",
  hop_limit: "packets go round a cycle and do not leave it; they are set aside",
};
