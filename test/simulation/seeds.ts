import { type Outcome, simulate } from "./seed.ts";
import type { Season } from "./weather.ts";

export interface Red {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly decided: string;
}

export interface Summary {
  readonly seeds: number;
  readonly lives: number;
  readonly red: readonly Red[];
}

export interface SeedsOptions {
  readonly from: number;
  readonly count: number;
  /** Distance between two seeds, so that several processes share them. */
  readonly step: number;
  readonly season?: Season | undefined;
  /** Stops after so many red ones. */
  readonly maxRed: number;
}

/** One in so many seeds is run twice, and must do the same again. */
const TWICE_EVERY = 25;
/** Violations told of one seed: the first says most. */
const MAX_TOLD = 5;

/** Runs seeds one after the other. */
export async function runSeeds({ from, count, step, maxRed, season }: SeedsOptions): Promise<Summary> {
  const red: Red[] = [];
  let lives = 0;
  let seeds = 0;
  for (let seed = from; seeds < count && red.length < maxRed; seed += step) {
    const outcome = simulate(seed, { season });
    const violations = [
      ...outcome.violations.slice(0, MAX_TOLD),
      ...(seeds % TWICE_EVERY === 0 ? differs(outcome, season) : []),
    ];
    if (violations.length > 0) red.push({ seed, violations, decided: outcome.decided() });
    lives += outcome.lives;
    seeds += 1;
    // What was rejected and not caught is told now, and memory is collected.
    if (seeds % TWICE_EVERY === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { seeds, lives, red };
}

function differs({ seed, hash }: Outcome, season: Season | undefined): string[] {
  const again = simulate(seed, { season }).hash;
  return again === hash ? [] : [`I7: a second run did something else: ${hash}, then ${again}`];
}
