import type { Machine } from "./machine.ts";
import type { Place } from "./place.ts";
import type { Stage } from "./stage.ts";

/** Something bad that happens to a running graph, again and again. */
export interface Fault<Made extends Place = Place> {
  readonly name: string;
  /** One sentence for reports. */
  readonly what: string;
  /** Why it cannot be injected on this machine; undefined when it can. */
  cannot(machine: Machine): string | undefined;
  /** Makes the place, in a folder of the drill whose removal unmounts. */
  prepare(folder: string, machine: Machine): Promise<Made>;
  /** Does the rounds; the graph runs before and after. */
  inject(stage: Stage, place: Made): Promise<void>;
  /** Nothing is wrong with any packet and no process ends, so that a dead letter is one by mistake. */
  readonly buriesNone?: true;
  /** Damage that the graph found and told counts as told, not as lost: only where the fault destroys data. */
  readonly destroys?: true;
}

/** Keeps the type of the place between its two functions. */
export const defineFault = <Made extends Place>(fault: Fault<Made>): Fault => fault as unknown as Fault;
