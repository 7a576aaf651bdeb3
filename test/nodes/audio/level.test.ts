import { describe, expect, test } from "bun:test";
import { level } from "../../../src/nodes/audio/level.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { packet, startNode } from "../../support/node.ts";
import { sine } from "../../support/sound.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const RATE = 16_000;

function block(samples: Float32Array, sample_idx: number, channels = 1): StreamPacket {
  const payload = { sample_rate: RATE, channels, samples, sample_idx };
  return packet({ kind: "audio", source_id: "hall", ts: new Date(START_MS + sample_idx / 16).toISOString(), payload });
}

/** Runs over seconds of a tone of these strengths, in blocks of 32 ms. */
async function listen(config: Record<string, unknown>, strengths: readonly number[]) {
  const started = startNode(level, config);
  const samples = Float32Array.from(strengths.flatMap((strength) => [...sine(1_000, RATE, 1, strength)]));
  for (let at = 0; at < samples.length; at += 512) await started.process(block(samples.slice(at, at + 512), at));
  return {
    ...started,
    levels: started.on("out").map(({ payload }) => (payload as { rms_dbfs: number }).rms_dbfs),
    changes: started.on("changes").map(({ ts, payload }) => {
      const { sound, state, duration_sec } = payload as { sound: string; state: string; duration_sec: number | null };
      return [sound, state, (Date.parse(ts) - START_MS) / 1_000, duration_sec];
    }),
  };
}

describe("level", () => {
  test("measures RMS and peak in dB of full scale: a full sine has -3.01, half of it 6.02 less", async () => {
    const { levels, on } = await listen({}, [1, 0.5, 0.001, 0]);
    expect(levels).toEqual([-3.01, -9.03, -63.01, -144]);
    expect(on("out").map(({ payload }) => (payload as { peak_dbfs: number }).peak_dbfs)).toEqual([0, -6.02, -60, -144]);
  });

  test("measures exactly its windows, whatever the blocks, with the time of their first sample", async () => {
    const { on } = await listen({ window_ms: 300 }, [0.5, 0.5]);
    expect(on("out").map(({ ts, meta }) => [ts, meta.sample_idx])).toEqual(
      [0, 0.3, 0.6, 0.9, 1.2, 1.5].map((second) => [
        `2026-01-01T00:00:0${second.toFixed(6)}Z`,
        Math.round(second * RATE),
      ]),
    );
  });

  test("counts samples that are clipped, on either side", async () => {
    const { process, on, node } = startNode(level, { window_ms: 1 });
    const samples = new Float32Array(16);
    samples.set([1, -1, 0.9995, -32_768 / 32_768, 0.99, 1.5]);
    await process(block(samples, 0));
    expect(on("out")[0]!.payload).toMatchObject({ clipped: 5, peak_dbfs: 3.52 });
    expect(node.metrics!()).toMatchObject({ clipped_total: 5, windows_total: 1 });
  });

  test("says loud once, and its end only below the hysteresis", async () => {
    // RMS: -9, -15, -17.5, -15, -21, -9.
    const strengths = [0.5, 0.25, 0.19, 0.25, 0.125, 0.5];
    const { changes } = await listen({ loud_dbfs: -16, hysteresis_db: 3 }, [0, ...strengths, 0.5]);
    expect(changes).toEqual([
      ["loud", "start", 1, null],
      ["loud", "end", 5, 4],
      ["loud", "start", 6, null],
    ]);
  });

  test("says silence after silence_sec, as of its beginning, and once", async () => {
    const { changes } = await listen({ silence_sec: 2 }, [0.5, 0, 0.5, 0, 0, 0, 0.0013, 0.5]);
    // -60.7 dBFS is silent as well.
    expect(changes).toEqual([
      ["silence", "start", 3, null],
      ["silence", "end", 7, 4],
    ]);
  });

  test("takes the channels together, and the blocks of a stereo sound whole", async () => {
    const { process, on } = startNode(level, { window_ms: 1 });
    await process(
      block(
        Float32Array.from({ length: 32 }, (_, at) => (at % 2 ? 0 : 1)),
        0,
        2,
      ),
    );
    expect(on("out")[0]!.payload).toMatchObject({ rms_dbfs: -3.01, samples: 16 });
  });

  test("measures no window over a gap", async () => {
    const { process, on, node } = startNode(level, { window_ms: 100 });
    await process(block(new Float32Array(1_000), 0));
    await process(block(new Float32Array(1_600).fill(0.5), 10_000));
    expect(on("out").map(({ meta }) => meta.sample_idx)).toEqual([10_000]);
    expect(node.metrics!()).toMatchObject({ gaps_total: 1 });
  });

  test("refuses samples that are no numbers", async () => {
    const { process } = startNode(level);
    expect(process(block(new Float32Array(4).fill(Number.NaN), 0))).rejects.toThrow(
      "audio.samples[0] must be a number",
    );
  });
});
