import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Resampler } from "../../../src/nodes/audio/resampler.ts";
import { sincFilter } from "../../../src/nodes/audio/sinc_filter.ts";
import { sine } from "../../support/sound.ts";

const RATES = [
  [48_000, 16_000],
  [44_100, 16_000],
  [8_000, 16_000],
  [22_050, 48_000],
  [16_000, 15_000],
] as const;

const convert = (samples: Float32Array, from: number, to: number) => new Resampler(sincFilter(from, to)!).push(samples);

/** Amplitude of one frequency, by its sums with sine and cosine over whole periods. */
function amplitude(samples: Float32Array, hz: number, rate: number): number {
  let [a, b] = [0, 0];
  for (let at = 0; at < samples.length; at++) {
    const angle = (2 * Math.PI * ((hz * at) % rate)) / rate;
    a += samples[at]! * Math.sin(angle);
    b += samples[at]! * Math.cos(angle);
  }
  return (2 * Math.hypot(a, b)) / samples.length;
}

const dB = (ratio: number) => 20 * Math.log10(ratio);
const rms = (samples: Float32Array) =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

/** The second second: without the edge at the start. */
const settled = (samples: Float32Array, rate: number) => samples.slice(rate, 2 * rate);

describe("a sine", () => {
  test.each(RATES)("from %d to %d keeps its frequency and its strength, and nothing is added", (from, to) => {
    for (const hz of [50, 440, 0.4 * Math.min(from, to)].map(Math.round)) {
      const output = settled(convert(sine(hz, from, 2.5), from, to), to);
      expect(Math.abs(dB(amplitude(output, hz, to) / 0.5))).toBeLessThan(0.01);
      // All of its power is at that frequency: what is left is 80 dB below.
      const rest = rms(output) ** 2 - amplitude(output, hz, to) ** 2 / 2;
      expect(dB(Math.sqrt(Math.max(rest, 1e-12)) / (0.5 / Math.SQRT2))).toBeLessThan(-80);
    }
  });

  test.each([
    [48_000, 16_000, 9_000],
    [48_000, 16_000, 8_100],
    [44_100, 16_000, 15_000],
    [48_000, 44_100, 23_000],
  ])(
    "from %d to %d that the new rate cannot hold (%d Hz) is at least 60 dB weaker, at any frequency",
    (from, to, hz) => {
      const output = settled(convert(sine(hz, from, 2.5, 1), from, to), to);
      expect(dB(rms(output) * Math.SQRT2)).toBeLessThan(-60);
    },
  );

  test.each(RATES)("from %d to %d comes later by the delay that the filter states, and by no more", (from, to) => {
    const { delay } = sincFilter(from, to)!;
    const hz = 100;
    const output = convert(sine(hz, from, 1), from, to);
    // Past the start, sample k is the sound at k / to − delay / from.
    for (let at = Math.ceil((2 * delay * to) / from); at < output.length; at += 97) {
      expect(output[at]!).toBeCloseTo(0.5 * Math.sin(2 * Math.PI * hz * (at / to - delay / from)), 4);
    }
  });
});

test("a steady value stays what it is", () => {
  const output = convert(new Float32Array(20_000).fill(0.25), 44_100, 16_000).slice(100);
  expect(Math.max(...output.map((sample) => Math.abs(sample - 0.25)))).toBeLessThan(1e-6);
});

test("of n samples, ⌈n · up / down⌉ leave, and none of it depends on how they are cut into blocks", () => {
  const samples = sine(440, 44_100, 0.3);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 12 }), (lengths) => {
      const whole = convert(samples, 44_100, 16_000);
      const resampler = new Resampler(sincFilter(44_100, 16_000)!);
      const parts: number[] = [];
      let at = 0;
      for (const length of [...lengths, samples.length]) {
        parts.push(...resampler.push(samples.subarray(at, Math.min(samples.length, at + length))));
        at = Math.min(samples.length, at + length);
        expect(parts.length).toBe(Math.ceil((at * 160) / 441));
      }
      expect(parts).toEqual([...whole]);
    }),
    { numRuns: 10, seed: 1 },
  );
});

test("rates that have too little in common are refused, all rates in use are not", () => {
  expect(sincFilter(44_100, 44_101)).toBeUndefined();
  const used = [8_000, 11_025, 16_000, 44_100, 48_000];
  for (const from of used) for (const to of used) expect(sincFilter(from, to)).toBeDefined();
});
