import { expect, test } from "bun:test";
import { leapingClock, virtualClock } from "../../src/base/virtual_clock.ts";

test("timers run in the order of their times, and those of one time in the order they were set in", () => {
  const clock = virtualClock();
  const ran: string[] = [];
  clock.setTimer(() => ran.push(`b at ${clock.monotonicMs()}`), 20);
  clock.setTimer(() => ran.push(`c at ${clock.monotonicMs()}`), 20);
  clock.setTimer(() => ran.push(`a at ${clock.monotonicMs()}`), 10);
  clock.advance(15);
  expect([ran, clock.monotonicMs(), clock.nextInMs]).toEqual([["a at 10"], 15, 5]);
  clock.advance(10);
  expect(ran.slice(1)).toEqual(["b at 20", "c at 20"]);
});

test("a leap ends exactly at the next timer, where a sum of its parts would miss it", () => {
  const clock = virtualClock();
  clock.advance(0.1);
  clock.advance(0.2);
  let ran = 0;
  clock.setTimer(() => ran++, 0.3);
  expect([clock.leap(), ran, clock.pending, clock.leap()]).toEqual([true, 1, 0, false]);
});

test("the wall clock jumps, monotonic time and its timers do not", () => {
  const clock = virtualClock(1_000_000);
  clock.setTimer(() => {}, 50);
  clock.jump(-3_600_000);
  expect([clock.nowMs(), clock.monotonicMs(), clock.nextInMs]).toEqual([1_000_000 - 3_600_000, 0, 50]);
});

test("a timer that is cancelled never runs", () => {
  const clock = virtualClock();
  const cancel = clock.setTimer(() => expect.unreachable(), 1);
  cancel();
  clock.advance(2);
  expect(clock.pending).toBe(0);
});

test("leaping time waits for nothing but the work that is under way", async () => {
  const clock = leapingClock();
  await new Promise<void>((resolve) => void clock.setTimer(resolve, 86_400_000));
  expect(clock.monotonicMs()).toBe(86_400_000);
});
