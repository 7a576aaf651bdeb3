import { describe, expect, test } from "bun:test";
import { SoundTime } from "../../../src/nodes/audio/sound_time.ts";

const WALL_MS = Date.parse("2026-01-01T00:00:00Z");
const RATE = 16_000;
const BLOCK = 512;
const BLOCK_MS = 32;

/** A sound whose blocks come by a clock that a test moves. */
function sound() {
  const time = new SoundTime(RATE);
  let nowMs = 0;
  const came: (number | undefined)[] = [];
  const block = () => came.push(time.place(BLOCK, WALL_MS + nowMs, nowMs));
  return {
    time,
    came,
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** Blocks as they are due, or every `everyMs`. */
    blocks(count: number, everyMs = BLOCK_MS) {
      for (let at = 0; at < count; at++) {
        nowMs += everyMs;
        block();
      }
    },
    burst(count: number) {
      for (let at = 0; at < count; at++) block();
    },
  };
}

test("the numbers of a connection follow one another, and the start is the time of the first sample", () => {
  const { time, came, blocks } = sound();
  blocks(1_000);
  expect(time.startMs).toBe(WALL_MS);
  expect(came).toEqual(Array.from({ length: 1_000 }, (_, at) => at * BLOCK));
  expect(time.counts).toEqual({ gaps_total: 0, missing_samples_total: 0, left_out_total: 0 });
});

test("behind a lost connection the number is that of its time", () => {
  const { time, came, blocks, pass } = sound();
  blocks(10);
  pass(60_000);
  time.open();
  blocks(2);
  expect(came.slice(10)).toEqual([10 * BLOCK + 60 * RATE, 11 * BLOCK + 60 * RATE]);
  expect(time.counts).toMatchObject({ gaps_total: 1, missing_samples_total: 60 * RATE });
});

test("no number comes twice when the wall clock was set back", () => {
  const time = new SoundTime(RATE);
  time.place(BLOCK, WALL_MS, 0);
  time.open();
  expect(time.place(BLOCK, WALL_MS - 3_600_000, 100)).toBe(BLOCK);
});

describe("within a connection", () => {
  test("what comes in bursts, or late and then at once, is counted as it is", () => {
    const { came, blocks, pass, burst, time } = sound();
    burst(60);
    blocks(200);
    pass(1_500);
    burst(47);
    blocks(200);
    expect(came).toEqual(Array.from({ length: 507 }, (_, at) => at * BLOCK));
    expect(time.counts).toEqual({ gaps_total: 0, missing_samples_total: 0, left_out_total: 0 });
  });

  test("samples that were lost are missing, from three seconds later on", () => {
    const { came, blocks, pass, time } = sound();
    blocks(300);
    pass(5_000);
    blocks(200);
    expect(time.counts).toMatchObject({ gaps_total: 1, missing_samples_total: 5 * RATE });
    expect(came.at(-1)).toBe(499 * BLOCK + 5 * RATE);
  });

  test("a clock that runs slow, by 1 in 1000, is set right again and again", () => {
    const { came, blocks, time } = sound();
    const hour = 3_600_000 / BLOCK_MS;
    blocks(hour, BLOCK_MS * 1.001);
    expect(Math.abs(came.at(-1)! / RATE - 3_603.6)).toBeLessThan(1.1);
    expect(time.counts.gaps_total).toBe(3);
  });

  test("a clock that runs fast has blocks left out", () => {
    const { came, blocks, time } = sound();
    const hour = 3_600_000 / BLOCK_MS;
    blocks(hour, BLOCK_MS * 0.999);
    const last = came.findLast((at) => at !== undefined)!;
    expect(last / RATE - 3_596.4).toBeLessThan(1.1);
    expect(last / RATE - 3_596.4).toBeGreaterThan(0);
    expect(time.counts.left_out_total).toBeGreaterThan(70);
    expect(time.counts.gaps_total).toBe(0);
  });
});
