import { expect, test } from "bun:test";
import * as v from "valibot";
import { sample } from "../../../src/nodes/flow/sample.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const issuesOf = (config: Record<string, unknown>) => sample.check(v.parse(sample.config, config));

async function keptOf(config: Record<string, unknown>, times: readonly string[]) {
  const { process, on } = startNode(sample, config);
  for (const ts of times) await process(packet({ ts }));
  return on("out").map(({ ts }) => times.indexOf(ts));
}

const second = (at: number) =>
  `2026-01-01T00:${String(Math.floor(at / 60)).padStart(2, "0")}:${(at % 60).toFixed(3).padStart(6, "0")}Z`;

test("sample from 24 to 10 per second keeps the frames the predecessor's sampler kept", async () => {
  const times = Array.from({ length: 25 }, (_, at) => second(at / 24));
  expect(await keptOf({ target_fps: 10, source_fps: 24 }, times)).toEqual([0, 3, 5, 8, 10, 12, 15, 17, 20, 22, 24]);
});

test("sample keeps everything when the target is above the source", async () => {
  const times = Array.from({ length: 5 }, (_, at) => second(at));
  expect(await keptOf({ target_fps: 30, source_fps: 24 }, times)).toEqual([0, 1, 2, 3, 4]);
});

test("sample by event time keeps the rate of a stream with gaps and bursts", async () => {
  const times = [0, 0.1, 0.9, 1.0, 1.5, 4.2, 4.3, 5.0].map(second);
  expect(await keptOf({ target_fps: 1 }, times)).toEqual([0, 3, 5, 7]);
});

test("sample by event time skips a packet of an earlier slot", async () => {
  expect(await keptOf({ target_fps: 1 }, [0, 2.5, 1.5, 3.5].map(second))).toEqual([0, 1, 3]);
});

test("sample by event time starts afresh when time steps back by more than a minute", async () => {
  expect(await keptOf({ target_fps: 1 }, [90, 91, 0, 0.5, 1].map(second))).toEqual([0, 1, 2, 4]);
});

test("sample by the clock follows arrivals and ignores ts", async () => {
  const context = testContext();
  const { process, emitted } = startNode(sample, { target_fps: 2, time: "clock" }, context);
  for (const waitMs of [0, 499, 1]) {
    context.clock.advance(waitMs);
    await process(packet({ ts: "not a time" }));
  }
  expect(emitted.map(({ port }) => port)).toEqual(["out", "skipped", "out"]);
});

test("sample fails on a packet without a readable event time", async () => {
  await expect(keptOf({ target_fps: 2 }, ["noon"])).rejects.toThrow("ts must be ISO-8601");
});

test("sample tracks at most max_sources sources", async () => {
  const { process, node } = startNode(sample, { every: 2, max_sources: 2 });
  for (const source of ["a", "b", "c", "d"]) await process(packet(source));
  expect(node.metrics!()).toMatchObject({ sources: 2 });
});

test("sample refuses every beside a rate, and neither", () => {
  expect(issuesOf({ every: 2, target_fps: 1 })).toMatchObject([{ path: ["target_fps"] }]);
  expect(issuesOf({ every: 2, source_fps: 1 })).toMatchObject([{ path: ["source_fps"] }]);
  expect(issuesOf({})).toHaveLength(1);
});
