import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../../src/base/random.ts";
import { tracker } from "../../../src/nodes/vision/tracker.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { startNode } from "../../support/node.ts";
import { detection, generatedScene, idSwitches, shot, type Truth } from "./scene.ts";

type Tracked = Truth & { track_id: number };

const listOf = ({ payload }: StreamPacket) => (payload as { detections: Tracked[] }).detections;

/** Detections with their tracks, frame by frame. */
async function track(frames: readonly (readonly object[])[], config: Record<string, unknown> = {}, fps = 10) {
  const { process, on, node } = startNode(tracker, { min_hits: 1, ...config });
  for (const [at, detections] of frames.entries()) await process(shot(at / fps, detections));
  return { frames: on("out").map(listOf), changes: on("tracks").map(({ payload }) => payload as Change), node };
}

interface Change {
  track_id: number;
  state: string;
}

const idsOf = (frames: readonly (readonly Tracked[])[]) => frames.map((list) => list.map(({ track_id }) => track_id));
const said = (changes: readonly Change[]) => changes.map(({ track_id, state }) => `${track_id} ${state}`);
/** Somebody who stands at x = 100 in the frames where the text has an x. */
const standing = (text: string) => [...text].map((seen) => (seen === "x" ? [detection(0, 100, 100)] : []));

describe("tracker", () => {
  test("gives each change a key of its own, also in frames of one time, and the same ones to a replay", async () => {
    const keys = async () => {
      const { process, on } = startNode(tracker, { min_hits: 1 });
      for (const detections of standing("x.x.x")) await process(shot(0, detections));
      return on("tracks").map(({ meta }) => meta.idempotency_key);
    };
    const first = await keys();
    expect(first).toHaveLength(5);
    expect(new Set(first).size).toBe(5);
    expect(await keys()).toEqual(first);
  });

  test("gives ids from 0 and keeps them when the list changes its order", async () => {
    const frames = [0, 1, 2, 3].map((at) => [detection(0, 100 + 4 * at, 50), detection(1, 600 - 4 * at, 300)]);
    frames[2]!.reverse();
    expect(idsOf((await track(frames)).frames)).toEqual([
      [0, 1],
      [0, 1],
      [1, 0],
      [0, 1],
    ]);
  });

  test("lets two objects cross that hide each other, and each keeps its id", async () => {
    // In the middle one box is the other, three pixels lower.
    const frames = Array.from({ length: 41 }, (_, at) => [
      detection(0, 100 + 6 * at, 100),
      detection(1, 340 - 6 * at, 103),
    ]);
    const { frames: tracked } = await track(frames, {}, 30);
    expect(tracked.flat()).toHaveLength(82);
    expect(idSwitches(tracked)).toBe(0);
  });

  test("keeps the id over a gap of lost_sec, and not over a longer one", async () => {
    const gap = (frames: number) => `xxxx${".".repeat(frames)}x`;
    const config = { lost_sec: 1 };
    const last = async (text: string) => (await track(standing(text), config)).frames.at(-1)![0]!.track_id;
    expect([await last(gap(9)), await last(gap(10))]).toEqual([0, 1]);
  });

  test("finds an object again where it must have walked to meanwhile", async () => {
    const walk = Array.from({ length: 40 }, (_, at) => (at >= 15 && at < 25 ? [] : [detection(0, 100 + 8 * at, 100)]));
    const { frames, changes } = await track(walk, {}, 30);
    expect(new Set(idsOf(frames).flat())).toEqual(new Set([0]));
    expect(said(changes)).toEqual(["0 started", "0 lost", "0 found"]);
  });

  test("measures lost_sec in event time, whatever the rate of frames", async () => {
    const ids = async (fps: number) => {
      const frames = standing(`${"x".repeat(fps)}${".".repeat(fps * 2 - 1)}x`);
      return (await track(frames, { lost_sec: 2 }, fps)).frames.at(-1)![0]!.track_id;
    };
    expect([await ids(3), await ids(60)]).toEqual([0, 0]);
  });

  test("waits min_hits frames in a row before it gives an id, and leaves the object out until then", async () => {
    const { frames, node } = await track(standing("x.xx.xxx"), { min_hits: 3 });
    expect(idsOf(frames)).toEqual([[], [], [], [], [], [], [], [0]]);
    expect(node.metrics!()).toMatchObject({ tracked_total: 1, untracked_total: 5, started_total: 1 });
  });

  test("keeps sightings without an id in the list when it is told to", async () => {
    const { frames } = await track(standing("xx"), { min_hits: 2, untracked: "keep" });
    expect(frames.map(([one]) => one)).toEqual([
      detection(0, 100, 100),
      { ...detection(0, 100, 100), track_id: 0 },
    ] as never);
  });

  test("continues a track with an unsure detection, and starts none with it", async () => {
    const unsure = [detection(0, 100, 100, { confidence: 0.15 })];
    expect(idsOf((await track([...standing("xx"), unsure, unsure])).frames)).toEqual([[0], [0], [0], [0]]);
    expect(idsOf((await track([unsure, unsure])).frames)).toEqual([[], []]);
  });

  test("continues no track with a detection below low_confidence", async () => {
    const { frames } = await track([...standing("xx"), [detection(0, 100, 100, { confidence: 0.09 })]]);
    expect(idsOf(frames)).toEqual([[0], [0], []]);
  });

  test("tells classes apart unless it is told not to", async () => {
    const frames = [[detection(0, 100, 100)], [detection(0, 100, 100, { class_name: "dog", class_id: 16 })]];
    expect(idsOf((await track(frames)).frames)).toEqual([[0], [1]]);
    expect(idsOf((await track(frames, { class_aware: false })).frames)).toEqual([[0], [0]]);
  });

  test("says occluded instead of lost when another object stands in front, and waits longer then", async () => {
    // Somebody stands still; a second one comes, stands before them for three seconds, and goes on.
    const frames = Array.from({ length: 60 }, (_, at) => {
      const x = at < 15 ? 104 + (15 - at) * 10 : at < 45 ? 104 : 104 - (at - 44) * 10;
      const covered = Math.abs(x - 100) < 20;
      return [...(covered ? [] : [detection(0, 100, 100)]), detection(1, x, 104)];
    });
    const { frames: tracked, changes } = await track(frames, { lost_sec: 1, occluded_sec: 5 });
    expect(said(changes)).toEqual(["0 started", "1 started", "0 occluded", "0 found"]);
    expect(idSwitches(tracked)).toBe(0);
    const short = await track(frames, { lost_sec: 1, occluded_sec: 2 });
    expect(said(short.changes)).toContain("0 removed");
  });

  test("says once that a track is lost and once that it is removed", async () => {
    const { changes } = await track(standing(`xxx${".".repeat(30)}`), { lost_sec: 1 });
    expect(said(changes)).toEqual(["0 started", "0 lost", "0 removed"]);
  });

  test("keeps the tracks of each source apart", async () => {
    const { process, on } = startNode(tracker, { min_hits: 1 });
    for (const [at, source] of ["cam01", "cam02", "cam01", "cam02"].entries()) {
      await process(shot(at / 10, [detection(0, source === "cam01" ? 100 : 500, 100)], source));
    }
    expect(idsOf(on("out").map(listOf))).toEqual([[0], [0], [0], [0]]);
  });

  test("gives no id twice, also when it had to forget the source meanwhile", async () => {
    const { process, on, node } = startNode(tracker, { min_hits: 1, max_sources: 1 });
    for (const [at, source] of ["a", "b", "a", "b"].entries())
      await process(shot(at, [detection(0, 100, 100)], source));
    expect(idsOf(on("out").map(listOf))).toEqual([[0], [1], [2], [3]]);
    expect(node.metrics!()).toMatchObject({ sources: 1, sources_forgotten_total: 3 });
  });

  test("starts anew when a recording is played again, and gives other ids", async () => {
    const { process, on, node } = startNode(tracker, { min_hits: 1 });
    for (const second of [0, 0.1, 9, 9.1, 0, 0.1]) await process(shot(second, [detection(0, 100, 100)]));
    expect(idsOf(on("out").map(listOf)).flat()).toEqual([0, 0, 1, 1, 2, 2]);
    expect(node.metrics!()).toMatchObject({ restarts_total: 1 });
  });

  test("takes a packet that comes a little late as if it were in time", async () => {
    const { process, on } = startNode(tracker, { min_hits: 1 });
    for (const second of [0, 0.2, 0.1, 0.3]) await process(shot(second, [detection(0, 100, 100)]));
    expect(idsOf(on("out").map(listOf)).flat()).toEqual([0, 0, 0, 0]);
  });

  test("keeps pixels and whatever else a frame carries", async () => {
    const { process, on } = startNode(tracker, { min_hits: 1 });
    const data = new Uint8Array(3);
    const frame = {
      ...shot(0, []),
      kind: "frame",
      payload: { data, format: "rgb24", detections: [{ ...detection(0, 1, 1), mask: "m" }] },
    };
    await process(frame);
    expect(on("out")[0]).toMatchObject({
      kind: "frame",
      packet_id: frame.packet_id,
      payload: { format: "rgb24", detections: [{ mask: "m", track_id: 0 }] },
    });
    expect((on("out")[0]!.payload as { data: Uint8Array }).data).toBe(data);
  });

  test("goes on after a restart with what its snapshot says", async () => {
    const scene = generatedScene({ objects: 8, frames: 60, fps: 10, missing: 0.1, jitter: 2 }, seededRandom(3));
    const whole = await track(scene);
    const [first, second] = [startNode(tracker, { min_hits: 1 }), startNode(tracker, { min_hits: 1 })];
    for (const [at, list] of scene.slice(0, 30).entries()) await first.process(shot(at / 10, list));
    second.node.restore!(JSON.parse(JSON.stringify(first.node.snapshot!())));
    for (const [at, list] of scene.slice(30).entries()) await second.process(shot((at + 30) / 10, list));
    expect([...first.on("out"), ...second.on("out")].map(listOf)).toEqual(whole.frames);
  });

  test("bounds what it follows, the surest first, and counts the rest", async () => {
    const crowd = Array.from({ length: 5 }, (_, at) => detection(at, at * 100, 100, { confidence: 0.5 + at / 10 }));
    const { frames, node } = await track([crowd, crowd], { max_objects: 3 });
    expect(frames[1]!.map(({ truth }) => truth)).toEqual([2, 3, 4]);
    expect(node.metrics!()).toMatchObject({ tracks: 3, refused_total: 4, untracked_total: 4 });
  });

  test("leaves out boxes that are no numbers, and says what is no detection", async () => {
    const { frames, node } = await track([[detection(0, Number.NaN, 100), detection(1, 100, 100)]]);
    expect(idsOf(frames)).toEqual([[0]]);
    expect(node.metrics!()).toMatchObject({ detections_unusable_total: 1 });
    await expect(track([[{ confidence: 1 }]])).rejects.toThrow(
      "cannot track objects: detections[0].bbox must be a map, got undefined",
    );
    const { process } = startNode(tracker);
    await expect(process({ ...shot(0, []), payload: { frame_idx: 1 } })).rejects.toThrow(
      "cannot track objects: payload.detections must be a list, got nothing: is there a detector before this node?",
    );
  });

  test("reads 10,000 of 100,000 detections and counts the others", async () => {
    const { process, node } = startNode(tracker, { max_objects: 10 });
    await process(shot(0, Array(100_000).fill(detection(0, 1, 1))));
    expect(node.metrics!()).toMatchObject({ detections_surplus_total: 90_000, tracks: 10 });
  });
});

describe("tracker, on a scene of which the truth is known,", () => {
  test.each([
    ["one by one", { objects: 2, frames: 300, fps: 30 }],
    ["at 10 frames a second", { objects: 10, frames: 300, fps: 10, jitter: 1 }],
    ["with sightings missing and boxes that jitter", { objects: 10, frames: 600, fps: 25, missing: 0.1, jitter: 3 }],
    ["in a crowd", { objects: 16, frames: 600, fps: 30, missing: 0.05, jitter: 2 }],
  ])("switches no id %s", async (_name, options) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { frames } = await track(generatedScene(options, seededRandom(seed)), {}, options.fps);
      expect([seed, idSwitches(frames), new Set(idsOf(frames).flat()).size]).toEqual([seed, 0, options.objects]);
    }
  });
});

describe("tracker, whatever it sees,", () => {
  const scenes = fc.record({
    seed: fc.nat(),
    objects: fc.integer({ min: 1, max: 12 }),
    missing: fc.double({ min: 0, max: 0.5, noNaN: true }),
  });
  const frames = ({ seed, objects, missing }: { seed: number; objects: number; missing: number }) =>
    generatedScene({ objects, frames: 40, fps: 10, missing, jitter: 8 }, seededRandom(seed));

  test("gives the same ids for detections in any order", async () => {
    await fc.assert(
      fc.asyncProperty(scenes, async (options) => {
        const scene = frames(options);
        const random = seededRandom(options.seed + 1);
        const shuffled = scene.map((list) =>
          list
            .map((one) => [random.float(), one] as const)
            .sort((a, b) => a[0] - b[0])
            .map(([, one]) => one),
        );
        const byTruth = async (one: Truth[][]) =>
          (await track(one)).frames.map((list) =>
            list.map(({ truth, track_id }) => [truth, track_id]).sort((a, b) => a[0]! - b[0]!),
          );
        expect(await byTruth(shuffled)).toEqual(await byTruth(scene));
      }),
      { numRuns: 40 },
    );
  });

  test("gives an id to one object of a frame only, and never one that was removed", async () => {
    await fc.assert(
      fc.asyncProperty(scenes, async (options) => {
        const { frames: tracked, changes } = await track(frames(options), { lost_sec: 0.3 });
        for (const ids of idsOf(tracked)) expect(new Set(ids).size).toBe(ids.length);
        const started = changes.filter(({ state }) => state === "started").map(({ track_id }) => track_id);
        expect(started).toEqual(started.map((_, at) => at));
        const removed = changes.filter(({ state }) => state === "removed").map(({ track_id }) => track_id);
        expect(new Set(removed).size).toBe(removed.length);
        for (const id of removed) {
          const end = changes.findIndex(({ track_id, state }) => track_id === id && state === "removed");
          expect(changes.slice(end + 1).some(({ track_id }) => track_id === id)).toBe(false);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("tracker with the predecessor's method", () => {
  const iou = (frames: readonly (readonly object[])[], config: object = {}) =>
    track(frames, { method: "iou", ...config });

  test("gives ids in the order of the list, at first sight, whatever the confidence", async () => {
    const frames = [[detection(0, 600, 100, { confidence: 0.01 }), detection(1, 100, 100)]];
    expect(idsOf((await iou(frames)).frames)).toEqual([[0, 1]]);
  });

  test("lets an older track choose first, also when a younger one fits better", async () => {
    const [first, second] = [detection(0, 100, 100), detection(1, 115, 100)];
    const { frames } = await iou([[first, second], [detection(1, 113, 100)]]);
    expect(idsOf(frames)).toEqual([[0, 1], [0]]);
  });

  test("takes an overlap of exactly the bound", async () => {
    const half = { bbox: { x1: 100, y1: 100, x2: 140, y2: 150 } };
    const ids = async (bound: number) =>
      idsOf((await iou([[detection(0, 100, 100)], [{ ...detection(0, 0, 0), ...half }]], { iou: bound })).frames);
    expect([await ids(0.5), await ids(0.51)]).toEqual([
      [[0], [0]],
      [[0], [1]],
    ]);
  });

  test("forgets a track that was missing in more than max_age_frames frames", async () => {
    const last = async (missing: number) =>
      (await iou(standing(`x${".".repeat(missing)}x`))).frames.at(-1)![0]!.track_id;
    expect([await last(30), await last(31)]).toEqual([0, 1]);
  });

  test("does not care for classes or times", async () => {
    const { process, on } = startNode(tracker, { method: "iou" });
    await process(shot(0, [detection(0, 100, 100)]));
    await process(shot(3_600, [detection(0, 100, 100, { class_name: "dog" })]));
    expect(idsOf(on("out").map(listOf)).flat()).toEqual([0, 0]);
  });
});
