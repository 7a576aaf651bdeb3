import { expect, test } from "bun:test";
import { virtualClock } from "../../src/base/virtual_clock.ts";
import { MortalClock } from "../../src/trial/life/mortal_clock.ts";

test("of a process that is dead no timer runs, neither one that was set nor one that is", () => {
  const clock = virtualClock();
  const mortal = new MortalClock(clock);
  const ran: string[] = [];
  mortal.setTimer(() => ran.push("before"), 1);
  mortal.setTimer(() => ran.push("never"), 3);
  clock.advance(2);
  mortal.die();
  mortal.setTimer(() => ran.push("never"), 1);
  clock.advance(5);
  expect([ran, clock.pending, mortal.monotonicMs()]).toEqual([["before"], 0, 7]);
});
