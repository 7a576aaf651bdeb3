import { expect, test } from "bun:test";
import { type TurnRules, Turns } from "../../../src/nodes/audio/turns.ts";

const RULES: TurnRules = { threshold: 0.5, endThreshold: 0.35, minLength: 30, minPause: 50, padding: 5 };

/** Probabilities of windows of 10 samples, and the turns they make: `start at` or `end at`. */
function turns(probabilities: readonly number[], rules: Partial<TurnRules> = {}) {
  const following = new Turns({ ...RULES, ...rules });
  return probabilities.flatMap((probability, at) => {
    const turn = following.take(probability, at * 10, at * 10 + 10);
    return turn === undefined ? [] : [`${turn.state} ${turn.sampleIdx}`];
  });
}

const times = (count: number, probability: number) => Array<number>(count).fill(probability);

test.each([
  [
    "what is heard long enough begins, with its padding, and ends",
    [0, 0, ...times(5, 0.9), ...times(9, 0)],
    ["start 15", "end 75"],
  ],
  ["what is too short is nothing", [...times(2, 0.9), ...times(9, 0)], []],
  [
    "short sounds with pauses between add up only within minPause",
    [0.9, 0.9, ...times(6, 0), 0.9, 0.9, ...times(6, 0)],
    [],
  ],
  [
    "a short pause belongs to it",
    [...times(3, 0.9), ...times(4, 0), ...times(3, 0.9), ...times(5, 0)],
    ["start 0", "end 105"],
  ],
  ["what is between both thresholds neither begins", times(20, 0.4), []],
  ["nor ends", [...times(3, 0.9), ...times(20, 0.4)], ["start 0"]],
  ["and does not hold up an end either", [...times(3, 0.9), 0.1, ...times(9, 0.4)], ["start 0", "end 35"]],
  [
    "padding does not reach into what was before",
    [...times(3, 0.9), ...times(5, 0), ...times(3, 0.9)],
    ["start 0", "end 70", "start 70"],
  ],
])("%s", (title, probabilities, expected) => {
  const rules = title.startsWith("padding") ? { padding: 40 } : {};
  expect(turns(probabilities, rules)).toEqual(expected);
});

test("a restart forgets what began", () => {
  const following = new Turns(RULES);
  for (let at = 0; at < 4; at++) following.take(0.9, at * 10, at * 10 + 10);
  expect([following.started, following.confidence]).toEqual([true, 0.9]);
  following.restart(1_000);
  expect(following.started).toBe(false);
  for (let at = 100; at < 120; at++) expect(following.take(0, at * 10, at * 10 + 10)).toBeUndefined();
});
