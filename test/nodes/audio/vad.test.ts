import { describe, expect, test } from "bun:test";
import * as path from "node:path";
import type { TensorData } from "../../../src/node/index.ts";
import { vad } from "../../../src/nodes/audio/vad.ts";
import { isoMicros } from "../../../src/nodes/frame_time.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { exampleModels } from "../../support/example_models.ts";
import { packet, startNode, testContext } from "../../support/node.ts";
import { needs } from "../../support/part.ts";
import { sine } from "../../support/sound.ts";
import { mixed, noise, SPEECH_RATE, samplesIn, speak } from "../../support/speech.ts";

const SILERO = { model: "silero_vad", backend: "wasm", workers: 0, threads: 1, batch: 1, queue: 64 } as const;
const START_MS = Date.parse("2026-01-01T00:00:00Z");

function blocks(samples: Float32Array, { length = 512, from = 0, source_id = "hall" } = {}): StreamPacket[] {
  return Array.from({ length: Math.ceil(samples.length / length) }, (_, block) => {
    const sample_idx = from + block * length;
    const part = samples.slice(block * length, (block + 1) * length);
    const payload = { sample_rate: SPEECH_RATE, channels: 1, samples: part, sample_idx };
    return packet({ kind: "audio", source_id, ts: isoMicros(START_MS, sample_idx / 16), payload });
  });
}

async function start(config: Record<string, unknown> = {}) {
  const made = testContext();
  const started = startNode(vad, { backend: "wasm", ...config }, { ...made, inference: exampleModels(made.files) });
  await started.node.open!();
  const turns = (source = "hall") =>
    started
      .on("out")
      .filter(({ source_id }) => source_id === source)
      .map(({ ts, payload }) => {
        const { state, duration_sec, cut } = payload as { state: string; duration_sec: number | null; cut: boolean };
        return { state, atSec: (Date.parse(ts) - START_MS) / 1_000, duration_sec, cut };
      });
  return { ...started, turns, [Symbol.asyncDispose]: async () => void (await started.node.close!()) };
}

async function hear(samples: Float32Array, config: Record<string, unknown> = {}, length = 512) {
  await using started = await start(config);
  for (const block of blocks(samples, { length })) await started.process(block);
  const scores = started.on("scores").map(({ payload }) => (payload as { speech: number }).speech);
  return { turns: started.turns(), scores };
}

describe("vad hears nothing in", () => {
  test.each([
    ["silence", new Float32Array(8 * SPEECH_RATE)],
    ["noise", noise(8, -30)],
    ["loud noise", noise(8, -12)],
    ["a tone of 440 Hz", sine(440, SPEECH_RATE, 8)],
    ["a tone of 150 Hz, as low as a voice", sine(150, SPEECH_RATE, 8)],
    [
      "clicks",
      mixed(
        noise(8, -60),
        [1, 2, 3, 4].map((second) => [second, noise(0.02, -6)] as const),
      ),
    ],
  ])("%s", async (_what, samples) => {
    expect((await hear(samples)).turns).toEqual([]);
  });
});

const VOICES = [
  ["en-us", "The front door is open. Please come in and take a seat."],
  ["en+f3", "Somebody is at the gate. Shall I let them in?"],
  ["de", "Guten Tag, hier ist die Post. Bitte machen Sie auf."],
  ["es+f2", "Buenos días, hay alguien en la puerta."],
] as const;

/** How far begin and end may be from where the voice is; they were within 0.08 s, padding included. */
const OFF_SEC = 0.15;

for (const [voice, text] of VOICES) {
  needs("espeak")(
    `vad finds the voice ${voice} in noise, where it is`,
    async () => {
      const spoken = speak(voice, text);
      const spokenSec = spoken.length / SPEECH_RATE;
      const { turns } = await hear(mixed(noise(spokenSec + 4, -50), [[2, spoken]]), { min_silence_ms: 800 });
      expect(turns.map(({ state }) => state)).toEqual(["start", "end"]);
      const [begin, end] = turns;
      expect(Math.abs(begin!.atSec - 2)).toBeLessThan(OFF_SEC);
      expect(Math.abs(end!.atSec - 2 - spokenSec)).toBeLessThan(OFF_SEC);
      expect(end!.duration_sec).toBeCloseTo(end!.atSec - begin!.atSec, 5);
    },
    20_000,
  );
}

test("vad hands the model what Silero's own code does: 64 samples of the window before, and its last state", async () => {
  const file = path.join(import.meta.dir, "../../../graphs/data/at_the_door.opus");
  const sound = samplesIn(file).slice(0, 4 * SPEECH_RATE);
  const model = await exampleModels(testContext().files).open(SILERO);
  const expected: number[] = [];
  let state: TensorData = { type: "float32", dims: [2, 1, 128], data: new Float32Array(256) };
  const padded = Float32Array.of(...new Float32Array(64), ...sound);
  for (let at = 0; at + 576 <= padded.length; at += 512) {
    const input = { type: "float32", dims: [1, 576], data: padded.slice(at, at + 576) } as const;
    const outputs = await model.run({ input, state, sr: { type: "int64", dims: [], data: BigInt64Array.of(16_000n) } });
    expected.push(Math.round(Number(outputs.get("output")!.data[0]) * 1_000) / 1_000);
    state = outputs.get("stateN")!;
  }
  await model.release();
  const { scores } = await hear(sound);
  expect(scores).toEqual(expected);
  expect([Math.max(...scores.slice(0, 60)) < 0.1, Math.max(...scores.slice(66)) > 0.99]).toEqual([true, true]);
});

needs("espeak")(
  "vad hears two people on two sources as each alone, whatever the blocks",
  async () => {
    const [a, b] = VOICES.map(([voice, text]) => mixed(noise(7, -50), [[1, speak(voice, text)]]));
    const alone = await hear(a!);
    expect((await hear(a!, {}, 1_000)).turns).toEqual(alone.turns);
    await using both = await start();
    const other = blocks(b!, { source_id: "yard", length: 700 });
    // At once, as a node with concurrency does: each source keeps its order.
    await Promise.all(
      blocks(a!).flatMap((block, at) => [block, other[at]].flatMap((one) => (one ? [both.process(one)] : []))),
    );
    expect(both.turns("hall")).toEqual(alone.turns);
    expect(both.turns("yard")).toEqual((await hear(b!)).turns);
    const scores = both.on("scores").filter(({ source_id }) => source_id === "hall");
    expect(scores.map(({ payload }) => (payload as { speech: number }).speech)).toEqual(alone.scores);
  },
  30_000,
);

needs("espeak")("vad ends speech where samples are missing, and says that it was cut", async () => {
  await using started = await start();
  const spoken = speak("en-us", VOICES[0][1]);
  const half = Math.floor(spoken.length / 1_024) * 512;
  for (const block of blocks(spoken.slice(0, half))) await started.process(block);
  for (const block of blocks(noise(2, -50), { from: 100_000 })) await started.process(block);
  expect(started.turns()).toMatchObject([
    { state: "start", cut: false },
    { state: "end", cut: true, atSec: half / SPEECH_RATE },
  ]);
  expect(started.node.metrics!()).toMatchObject({ gaps_total: 1, cut_total: 1, speech_total: 1 });
});

describe("vad refuses", () => {
  test.each([
    [{ sample_rate: 48_000 }, "it takes 16000 Hz and one; put resample before it"],
    [{ channels: 2 }, "a sound of 16000 Hz and 2 channels"],
    [{ samples: new Float32Array(2).fill(Number.NaN) }, "audio.samples[0] must be a number"],
  ])("%j", async (fields, message) => {
    await using started = await start();
    const payload = { sample_rate: SPEECH_RATE, channels: 1, samples: new Float32Array(2), sample_idx: 0, ...fields };
    expect(async () => started.process(packet({ kind: "audio", payload }))).toThrow(message);
  });

  test("a model that hears something else", () => {
    expect(start({ model: "face_tiny" })).rejects.toThrow("cannot hear speech with face_tiny: its inputs are");
  });
});
