import { afterAll, describe, expect, test } from "bun:test";
import { audioClassifier } from "../../../src/nodes/audio/audio_classifier.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { inference } from "../../support/inference.ts";
import { packet, startNode, testContext } from "../../support/node.ts";
import { powerModel } from "../../support/onnx_models.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const RATE = 1_000;

function block(values: readonly number[], sample_idx: number, source_id = "hall"): StreamPacket {
  const payload = { sample_rate: RATE, channels: 1, samples: Float32Array.from(values), sample_idx };
  return packet({ kind: "audio", source_id, ts: new Date(START_MS + sample_idx).toISOString(), payload });
}

const models = inference({ models: { power: powerModel() } });
// One worker for all tests: starting one takes longer than a test.
const held = await models.open("power");
afterAll(async () => {
  await held.release();
  await models[Symbol.asyncDispose]();
});

async function start(config: Record<string, unknown>) {
  const context = { ...testContext(), inference: { open: models.run.open.bind(models.run) } };
  const options = { sample_rate: RATE, class_names: ["noise"], backend: "wasm", min_pause_ms: 4, ...config };
  const started = startNode(audioClassifier, options, context);
  await started.node.open!();
  return {
    ...started,
    scores: () =>
      started.on("classes").map(({ payload }) => {
        const { sample_idx, classes } = payload as { sample_idx: number; classes: { confidence: number }[] };
        return [sample_idx, classes[0]!.confidence];
      }),
    turns: () =>
      started.on("out").map(({ ts, payload }) => {
        const { sound, state, cut } = payload as { sound: string; state: string; cut: boolean };
        return `${sound} ${state} ${Date.parse(ts) - START_MS}${cut ? " cut" : ""}`;
      }),
    async [Symbol.asyncDispose]() {
      await started.node.close!();
    },
  };
}

const STAGE = { model: "power", window: 4 };

describe("audio_classifier", () => {
  test("runs its model on windows that overlap, whatever the blocks", async () => {
    await using started = await start({ stages: [{ ...STAGE, hop: 2 }] });
    await started.process(block([1, 1, 1], 0));
    await started.process(block([1, 0, 0, 0, 0], 3));
    expect(started.scores()).toEqual([
      [0, 1],
      [2, 0.5],
      [4, 0],
    ]);
  });

  test("lets rows of one model go into the next, as models of wake words do", async () => {
    // Rows: 1, 0.25, 0, 0.25 and 1; then the mean square of three of them, scaled by two.
    const second = { model: "power", window: 3, hop: 1, scale: 2, dims: [1, 3] };
    await using started = await start({ stages: [STAGE, second] });
    const values = [1, 0.5, 0, 0.5, 1].flatMap((size) => [size, -size, size, -size]);
    for (const at of [0, 7, 14]) await started.process(block(values.slice(at, at + 7), at));
    const mean = (...rows: number[]) =>
      Math.round((rows.reduce((sum, row) => sum + (2 * row) ** 2, 0) / 3) * 10_000) / 10_000;
    expect(started.scores()).toEqual([
      [0, mean(1, 0.25, 0)],
      [4, mean(0.25, 0, 0.25)],
      [8, mean(0, 0.25, 1)],
    ]);
  });

  test("says when a class begins to be heard and when it ends", async () => {
    await using started = await start({ stages: [STAGE], threshold: 0.4, min_ms: 8, min_pause_ms: 8 });
    const loud = (windows: number) => Array<number>(windows * 4).fill(0.7);
    const quiet = (windows: number) => Array<number>(windows * 4).fill(0);
    // One window alone is too short, and a pause of one window is none.
    await started.process(block([...loud(1), ...quiet(3), ...loud(2), ...quiet(1), ...loud(2), ...quiet(3)], 0));
    expect(started.turns()).toEqual(["noise start 16", "noise end 36"]);
    expect(started.node.metrics!()).toMatchObject({ windows_total: 12, sounds_total: 1 });
  });

  test("counts what windows share once", async () => {
    // Two windows are loud, which are six samples.
    const values = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0];
    await using short = await start({ stages: [{ ...STAGE, hop: 2 }], threshold: 0.6, min_ms: 7 });
    await short.process(block(values, 0));
    expect(short.turns()).toEqual([]);
    await using enough = await start({ stages: [{ ...STAGE, hop: 2 }], threshold: 0.6, min_ms: 6 });
    await enough.process(block(values, 0));
    expect(enough.turns()).toEqual(["noise start 0", "noise end 6"]);
  });

  test("keeps sources apart, in order also when several blocks are under way", async () => {
    await using started = await start({ stages: [{ ...STAGE, window: 6 }], threshold: 0.4 });
    const blocks = Array.from({ length: 20 }, (_, at) =>
      ["hall", "yard"].map((name) => block([1, 1, 1, 1], at * 4, name)),
    );
    await Promise.all(blocks.flat().map((one) => started.process(one)));
    for (const name of ["hall", "yard"]) {
      const numbers = started.on("classes").filter(({ source_id }) => source_id === name);
      expect(numbers.map(({ meta }) => meta.sample_idx)).toEqual(Array.from({ length: 13 }, (_, at) => at * 6));
    }
  });

  test("begins anew where samples are missing, and says that what was heard was cut", async () => {
    await using started = await start({ stages: [STAGE], threshold: 0.4 });
    await started.process(block([1, 1, 1, 1, 1, 1], 0));
    await started.process(block([0, 0, 0, 0], 100));
    expect(started.scores()).toEqual([
      [0, 1],
      [100, 0],
    ]);
    expect(started.turns()).toEqual(["noise start 0", "noise end 6 cut"]);
    expect(started.node.metrics!()).toMatchObject({ gaps_total: 1 });
  });

  test("names the model and what is wrong", async () => {
    for (const [stage, message] of [
      [{ input: "sound" }, 'cannot hear with power: it has no input "sound"; it has samples'],
      [{ output: "words" }, 'cannot hear with power: it has no output "words"; it has power'],
      [{ dims: [1, 5] }, "cannot hear with power: it has an input of 1x5, which 4 values do not fill"],
      [{ width: 3 }, "1 values in its output, which are no rows of 3"],
      [{ scale: 1e30 }, "power gave Infinity: its input may be scaled otherwise"],
    ] as const) {
      await using started = await start({ stages: [{ ...STAGE, ...stage }] });
      expect(async () => started.process(block([1, 1, 1, 1], 0))).toThrow(message);
    }
    await using started = await start({ stages: [STAGE], sample_rate: 16_000 });
    expect(async () => started.process(block([1], 0))).toThrow("the model takes 16000 Hz (sample_rate) and one");
  }, 20_000);
});

test("audio_classifier refuses windows that lie apart", () => {
  const config = { stages: [{ model: "a", window: 4, hop: 5 }], threshold: 0.5, end_threshold: 0.6 };
  expect(audioClassifier.check(config).map(({ path }) => path.join("."))).toEqual(["stages.0.hop", "end_threshold"]);
});
