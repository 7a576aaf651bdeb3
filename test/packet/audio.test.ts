import { describe, expect, test } from "bun:test";
import { audioLength, audioOf } from "../../src/packet/index.ts";

const SOUND = { sample_rate: 16_000, channels: 2, samples: Float32Array.of(0.5, -0.5, 1.5, 0), sample_idx: 7 };

test("audioOf() gives the sound that a payload is, also one that is too loud", () => {
  expect(audioOf(SOUND)).toBe(SOUND);
  expect(audioLength(SOUND)).toBe(2);
  expect(audioOf({ ...SOUND, samples: new Float32Array(0) }).samples).toHaveLength(0);
});

describe("audioOf() refuses", () => {
  test.each([
    ["text", "sound", "a sound must be a map with sample_rate, channels, samples and sample_idx, got string"],
    ["a list", [1], "a sound must be a map with sample_rate, channels, samples and sample_idx, got a list"],
    ["no rate", { ...SOUND, sample_rate: 0 }, "audio.sample_rate must be a whole number of at least 1, got 0"],
    ["half a channel", { ...SOUND, channels: 0.5 }, "audio.channels must be a whole number of at least 1, got 0.5"],
    ["no place", { ...SOUND, sample_idx: -1 }, "audio.sample_idx must be a whole number of at least 0, got -1"],
    ["numbers in a list", { ...SOUND, samples: [1] }, "audio.samples must be a Float32Array, got a list"],
    ["a part of a sample", { ...SOUND, channels: 3 }, "audio.samples must be as many for each of 3 channels, got 4"],
    [
      "what is no number",
      { ...SOUND, samples: Float32Array.of(0, 0, Number.NaN, 0) },
      "audio.samples[2] must be a number from -1 to 1, got NaN",
    ],
    [
      "infinity",
      { ...SOUND, samples: Float32Array.of(0, Number.NEGATIVE_INFINITY) },
      "audio.samples[1] must be a number from -1 to 1, got -Infinity",
    ],
  ])("%s", (_what, payload, message) => {
    expect(() => audioOf(payload)).toThrow(new TypeError(message));
  });
});
