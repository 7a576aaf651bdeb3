import { expect, test } from "bun:test";
import { count } from "../../../src/nodes/vision/count.ts";
import { startNode } from "../../support/node.ts";
import { shot } from "./scene.ts";
import { feet, keysOf, type Said, saved, square, watch } from "./watch.ts";

const counts = (events: readonly Said[]) => events.map(({ count: counted }) => counted);

/** So many people, one text's digit a second. */
const crowd = (text: string) =>
  [...text].map(
    (digit, second) => [second, Array.from({ length: Number(digit) }, (_, track) => feet(track, 100, 100))] as const,
  );

const totals = async (text: string, config: object) =>
  (await watch(count, { settle_sec: 0, ...config }, crowd(text))).events.map(
    ({ ts, count: { total } }) => `${new Date(ts).getUTCSeconds()}: ${total}`,
  );

test("count says a count when it is another one", async () => {
  expect(await totals("0112210", {})).toEqual(["0: 0", "1: 1", "3: 2", "5: 1", "6: 0"]);
});

test("count says a count once it has lasted for settle_sec", async () => {
  // One frame without a detection, and one with a false one, say nothing.
  expect(await totals("111011211", { settle_sec: 1 })).toEqual(["1: 1"]);
  expect(await totals("1122211", { settle_sec: 2 })).toEqual(["4: 2"]);
});

test("count says a count every interval_sec of event time, changed or not", async () => {
  expect(await totals("1122221", { emit: "interval", interval_sec: 3 })).toEqual(["0: 1", "3: 2", "6: 1"]);
});

test("count counts by class and zone, each zone on its own", async () => {
  const zones = [square("big", 0, 500), square("small", 0, 150)];
  const list = [feet(1, 100, 100), feet(2, 400, 400), feet(3, 100, 100, "dog"), feet(4, 600, 600)];
  const [counted] = counts((await watch(count, { zones, settle_sec: 0 }, [[0, list]])).events);
  expect(counted).toMatchObject({
    total: 4,
    classes: { DOG: 1, PERSON: 3 },
    zones: { big: { total: 3, classes: { DOG: 1, PERSON: 2 } }, small: { total: 2, classes: { DOG: 1, PERSON: 1 } } },
  });
});

test("count counts the different tracks of the window", async () => {
  const { events } = await watch(count, { settle_sec: 0, window_sec: 10, emit: "interval", interval_sec: 1 }, [
    [0, [feet(1, 100, 100)]],
    [5, [feet(2, 100, 100), feet(3, 100, 100, "dog")]],
    [10, [feet(2, 100, 100)]],
    [10.9, []],
    [11.5, []],
  ]);
  expect(counts(events).map(({ window }) => window.total)).toEqual([1, 3, 3, 2]);
  expect(counts(events)[1]!.window.classes).toEqual({ DOG: 1, PERSON: 2 });
});

test("count counts objects without a tracker too", async () => {
  const { events, node } = await watch(count, { settle_sec: 0 }, [[0, [feet(undefined, 100, 100)]]]);
  expect(counts(events)[0]).toMatchObject({ total: 1, window: { total: 0 } });
  expect(node.metrics!()).toMatchObject({ objects: 1, emitted_total: 1, untracked_total: 1 });
});

test("count counts each source on its own", async () => {
  const { process, on } = startNode(count, { settle_sec: 0 });
  for (const [second, source] of ["a", "b", "a", "b"].entries()) {
    await process(shot(second, source === "a" ? [feet(1, 1, 1)] : [], source));
  }
  expect(on("out").map(({ source_id }) => source_id)).toEqual(["a", "b"]);
});

test("count says nothing again after a restart that knows what was said", async () => {
  const first = await watch(count, { settle_sec: 0 }, crowd("2"));
  const second = startNode(count, { settle_sec: 0 });
  second.node.restore!(saved(first.node));
  await second.process(shot(1, [feet(0, 100, 100), feet(1, 100, 100)]));
  expect(second.on("out")).toEqual([]);
});

test("count gives its events keys that follow from the facts", async () => {
  const { on } = await watch(count, { settle_sec: 0 }, crowd("1"));
  expect(keysOf(on("out"))).toEqual([
    "event:S000:cam01:OBJECT_COUNT:ANY:na:2026-01-01T00:00:00.000Z:None:None:None:None:count",
  ]);
});

test("count gives different counts of one time different keys, and the same ones after a replay", async () => {
  const shots = [1, 2, 1].map((people) => [0, Array.from({ length: people }, (_, at) => feet(at, 100, 100))] as const);
  const ids = async () => (await watch(count, { settle_sec: 0 }, shots)).events.map(({ event_id }) => event_id);
  const first = await ids();
  expect(new Set(first).size).toBe(3);
  expect(await ids()).toEqual(first);
});
