import { describe, expect, test } from "bun:test";
import { resample } from "../../../src/nodes/audio/resample.ts";
import { type Audio, parseIsoMs, type StreamPacket } from "../../../src/packet/index.ts";
import { packet, startNode } from "../../support/node.ts";
import { sine } from "../../support/sound.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** Blocks of a sound, as a source sends them. */
function blocks(samples: Float32Array, sample_rate: number, { channels = 1, length = 480, from = 0 } = {}) {
  const made: StreamPacket<Audio>[] = [];
  for (let at = 0; at < samples.length; at += length * channels) {
    const sample_idx = from + at / channels;
    const payload = { sample_rate, channels, samples: samples.slice(at, at + length * channels), sample_idx };
    const ts = new Date(START_MS + (sample_idx * 1_000) / sample_rate).toISOString();
    made.push(packet({ kind: "audio", source_id: "mic", ts, payload }) as StreamPacket<Audio>);
  }
  return made;
}

async function run(config: Record<string, unknown>, packets: readonly StreamPacket[]) {
  const started = startNode(resample, config);
  for (const one of packets) await started.process(one);
  return { ...started, out: started.on("out") as StreamPacket<Audio>[] };
}

describe("resample", () => {
  test("gives exact lengths, numbers without a gap, and each block the time of its sound", async () => {
    const { out } = await run({ sample_rate: 16_000 }, blocks(sine(440, 48_000, 1), 48_000));
    expect(out).toHaveLength(100);
    expect(out.map(({ payload }) => [payload.samples.length, payload.sample_idx])).toEqual(
      Array.from({ length: 100 }, (_, at) => [160, at * 160]),
    );
    // 96 samples of 48 kHz: the first block begins 2 ms before the sound.
    expect(out.map(({ ts }) => Math.round((parseIsoMs(ts) - START_MS) * 1_000))).toEqual(
      Array.from({ length: 100 }, (_, at) => at * 10_000 - 2_000),
    );
    const { payload } = out[50]!;
    expect(payload).toMatchObject({ sample_rate: 16_000, channels: 1 });
    for (const at of [0, 33, 159]) {
      const sec = at / 16_000 + 0.498;
      expect(payload.samples[at]!).toBeCloseTo(0.5 * Math.sin(2 * Math.PI * 440 * sec), 4);
    }
  });

  test("begins anew where samples are missing, and its numbers rise with those of the sound", async () => {
    const [before, behind] = [sine(100, 48_000, 0.02), sine(100, 48_000, 0.02)];
    const packets = [...blocks(before, 48_000), ...blocks(behind, 48_000, { from: 4_800_000 })];
    const { out, node } = await run({ sample_rate: 16_000 }, packets);
    expect(out.map(({ payload }) => payload.sample_idx)).toEqual([0, 160, 1_600_000, 1_600_160]);
    expect([...out[2]!.payload.samples]).toEqual([...out[0]!.payload.samples]);
    expect(node.metrics!()).toMatchObject({ blocks_total: 4, restarts_total: 1 });
  });

  test("keeps the sounds of sources apart", async () => {
    const mine = blocks(sine(440, 48_000, 0.05), 48_000);
    const other = blocks(sine(3_000, 48_000, 0.05), 48_000).map((one) => ({ ...one, source_id: "other" }));
    const alone = (await run({ sample_rate: 16_000 }, mine)).out;
    const { out } = await run(
      { sample_rate: 16_000 },
      mine.flatMap((one, at) => [one, other[at]!]),
    );
    const own = out.filter(({ source_id }) => source_id === "mic");
    expect(own.map(({ payload }) => [...payload.samples])).toEqual(alone.map(({ payload }) => [...payload.samples]));
  });

  test("mixes channels down to their mean, and repeats one in several", async () => {
    const stereo = Float32Array.of(0.5, 0.25, -1, 1, 0, 0.5);
    const down = await run({ channels: 1 }, blocks(stereo, 16_000, { channels: 2 }));
    expect([...down.out[0]!.payload.samples]).toEqual([0.375, 0, 0.25]);
    const up = await run({ channels: 3 }, blocks(Float32Array.of(0.5, -0.5), 16_000));
    expect([...up.out[0]!.payload.samples]).toEqual([0.5, 0.5, 0.5, -0.5, -0.5, -0.5]);
  });

  test("resamples each of two channels", async () => {
    const [left, right] = [sine(440, 48_000, 0.1), sine(1_000, 48_000, 0.1)];
    const both = Float32Array.from({ length: left.length * 2 }, (_, at) => (at % 2 ? right : left)[at >> 1]!);
    const { out } = await run({ sample_rate: 16_000 }, blocks(both, 48_000, { channels: 2 }));
    const alone = await run({ sample_rate: 16_000 }, blocks(right, 48_000));
    expect([...out[5]!.payload.samples].filter((_, at) => at % 2 === 1)).toEqual([...alone.out[5]!.payload.samples]);
  });
});

describe("resample refuses", () => {
  test.each([
    [{ sample_rate: 44_101 }, {}, "cannot change 44100 Hz to 44101 Hz"],
    [{ channels: 6 }, { channels: 2 }, "cannot make 6 channels of 2"],
    [{ sample_rate: 16_000 }, { samples: Float32Array.of(Number.NaN, 0) }, "audio.samples[0] must be a number"],
  ])("%j", async (config, fields, message) => {
    const payload = { sample_rate: 44_100, channels: 1, samples: new Float32Array(2), sample_idx: 0, ...fields };
    const { process } = startNode(resample, config);
    expect(process(packet({ kind: "audio", payload }))).rejects.toThrow(message);
  });

  test("a config that changes nothing", () => {
    expect(resample.check({})).toHaveLength(1);
  });
});
