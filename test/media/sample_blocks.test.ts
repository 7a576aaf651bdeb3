import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { SampleBlocks } from "../../src/media/sample_blocks.ts";
import { soundFacts } from "../../src/media/sound_facts.ts";

test("blocks are the same in whatever pieces the bytes come, and a part of a sample at the end is left", () => {
  const samples = Float32Array.from({ length: 1_003 }, (_, at) => at);
  const bytes = new Uint8Array(samples.buffer);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 30 }), (lengths) => {
      const cutter = new SampleBlocks(50, 2);
      const blocks: Float32Array[] = [];
      let at = 0;
      for (const length of [...lengths, bytes.length]) {
        blocks.push(...cutter.push(bytes.subarray(at, at + length)));
        at += length;
      }
      const rest = cutter.rest()!;
      expect(blocks.every(({ length }) => length === 100)).toBe(true);
      // 1,003 floats are 501 samples of two channels.
      expect([...blocks, rest].flatMap((block) => [...block])).toEqual([...samples.subarray(0, 1_002)]);
    }),
    { numRuns: 50, seed: 1 },
  );
});

test.each([
  ["Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, stereo, fltp, 128 kb/s", ["aac", 44_100, 2]],
  ["Audio: ac3, 48000 Hz, 5.1(side), fltp, 448 kb/s", ["ac3", 48_000, 6]],
  ["Audio: pcm_f32le ([3][0][0][0] / 0x0003), 48000 Hz, 32 channels, flt", ["pcm_f32le", 48_000, 32]],
  ["Audio: pcm_mulaw, 8000 Hz, mono, s16, 64 kb/s", ["pcm_mulaw", 8_000, 1]],
  ["Audio: pcm_s16le, 48000 Hz, hexagonal, s16", ["pcm_s16le", 48_000, undefined]],
])("what ffmpeg tells of a track is read: %s", (line, expected) => {
  const stderr = `[info] Input #0, mov, from 'x':\n[info]   Stream #0:0: Video: h264\n[info]   Stream #0:1(und): ${line}\n`;
  const { codec, sampleRate, channels, hasPictures } = soundFacts(stderr, 0);
  expect([codec, sampleRate, channels] as unknown[]).toEqual(expected);
  expect(hasPictures).toBe(true);
});
