import { describe, expect, test } from "bun:test";
import { windowAggregate } from "../../../src/nodes/time/window_aggregate.ts";
import { issuePaths } from "../../conformance/check.ts";
import { packet, startNode } from "../../support/node.ts";
import { iso, packetOf } from "./reference.ts";

const MINUTE = { window: { type: "tumbling", size: "1m" } };
const S = 1_000;

type Payload = { window: { start: string; end: string }; count: number; firing: number; final: boolean; cut?: true };

/** A node whose packets come at these seconds, one key unless said otherwise. */
function started(config: Record<string, unknown>) {
  const node = startNode(windowAggregate, config);
  const at = (second: number, key = "a", value: unknown = second) =>
    node.process(packetOf({ t: second * S, key, value }));
  const results = () => node.on("out").map(({ payload }) => payload as Payload);
  return { ...node, at, results, counts: () => results().map(({ count }) => count) };
}

test("a packet at the very end of a window belongs to the next one", async () => {
  const { at, advance, results } = started(MINUTE);
  for (const second of [0, 59.999, 60, 119]) await at(second);
  advance(60 * S - 1);
  expect(results()).toEqual([]);
  advance(60 * S);
  expect(results()).toMatchObject([{ count: 2, window: { start: iso(0), end: iso(60 * S) } }]);
  advance();
  expect(results()).toMatchObject([{}, { count: 2, window: { start: iso(60 * S), end: iso(120 * S) } }]);
});

test("windows before 1970 are cut as those after it", async () => {
  const { at, advance, results } = started(MINUTE);
  for (const second of [-61, -60, -1, 0]) await at(second);
  advance();
  expect(results().map(({ window, count }) => [window.start, count])).toEqual([
    [iso(-120 * S), 1],
    [iso(-60 * S), 2],
    [iso(0), 1],
  ]);
});

test("days begin where the origin says, also when clocks are changed", async () => {
  const { process, advance, results } = started({
    window: { type: "tumbling", size: "1d", origin: "1970-01-01T00:00:00+09:00" },
  });
  // A night in which European clocks jump: windows are lengths of time, not of the clock on a wall.
  for (const ts of ["2026-03-28T14:59:59Z", "2026-03-28T15:00:00Z", "2026-03-29T14:59:59Z", "2026-03-29T15:00:00Z"]) {
    await process(packet({ ts }));
  }
  advance();
  expect(results().map(({ window, count }) => [window.start, count])).toEqual([
    ["2026-03-27T15:00:00.000Z", 1],
    ["2026-03-28T15:00:00.000Z", 2],
    ["2026-03-29T15:00:00.000Z", 1],
  ]);
});

test("times written with microseconds or another zone are the moments they are", async () => {
  const { process, advance, results } = started({ window: { type: "session", gap: "1ms" } });
  for (const ts of ["2026-01-01T00:00:00.000250Z", "2026-01-01T09:00:00.001+09:00"]) await process(packet({ ts }));
  advance();
  expect(results()).toMatchObject([
    { count: 2, window: { start: "2026-01-01T00:00:00.000250Z", end: "2026-01-01T00:00:00.002Z" } },
  ]);
});

test("a packet whose window is over leaves by late as it came, and one whose window is open does not", async () => {
  const { at, advance, on, node, counts } = started(MINUTE);
  await at(70);
  advance(65 * S);
  await at(61);
  await at(59);
  expect(on("late")).toEqual([packetOf({ t: 59 * S, key: "a", value: 59 })]);
  expect(node.metrics!().late_total).toBe(1);
  advance();
  expect(counts()).toEqual([2]);
});

test("within the allowed lateness a window gives another result for each packet", async () => {
  const { at, advance, results, on } = started({ ...MINUTE, allowed_lateness: "10s" });
  await at(1);
  advance(60 * S);
  await at(2);
  advance(69.999 * S);
  await at(3);
  advance(70 * S);
  await at(4);
  expect(results().map(({ count, firing, final }) => [count, firing, final])).toEqual([
    [1, 1, true],
    [2, 2, true],
    [3, 3, true],
  ]);
  expect(on("late").length).toBe(1);
  expect(new Set(on("out").map(({ meta }) => meta.idempotency_key)).size).toBe(3);
});

test("a late packet for a window that was never opened gives it a result at once", async () => {
  const { at, advance, results } = started({ ...MINUTE, allowed_lateness: "10s" });
  advance(62 * S);
  await at(5);
  expect(results()).toMatchObject([{ count: 1, firing: 1, final: true }]);
  advance();
  expect(results().length).toBe(1);
});

test("early results come at their times while there is something new, and the last one at the end", async () => {
  const { at, advance, results } = started({ ...MINUTE, early: { every: "10s" } });
  await at(1);
  advance(10 * S);
  await at(12);
  advance(35 * S);
  advance(45 * S);
  advance();
  expect(results().map(({ count, firing, final }) => [count, firing, final])).toEqual([
    [1, 1, false],
    [2, 2, false],
    [2, 3, true],
  ]);
});

test("early results by packets come after every so many", async () => {
  const { at, advance, results } = started({ ...MINUTE, early: { every: 2 } });
  for (const second of [1, 2, 3, 4, 5]) await at(second);
  advance();
  expect(results().map(({ count, final }) => [count, final])).toEqual([
    [2, false],
    [4, false],
    [5, true],
  ]);
});

test("sessions that a packet joins become one, also after the first of them gave its result", async () => {
  const { at, advance, results } = started({ window: { type: "session", gap: "10s" }, allowed_lateness: "20s" });
  await at(0);
  await at(15);
  advance(12 * S);
  await at(8);
  advance();
  expect(results().map(({ count, firing, window }) => [count, firing, window.start, window.end])).toEqual([
    [1, 1, iso(0), iso(10 * S)],
    [3, 2, iso(0), iso(25 * S)],
  ]);
});

test("sessions exactly a gap apart are two", async () => {
  const { at, advance, counts } = started({ window: { type: "session", gap: "10s" } });
  for (const second of [0, 10, 19.999]) await at(second);
  advance();
  expect(counts()).toEqual([1, 2]);
});

test("a sliding window is open at its beginning and closed at its end, once for each time", async () => {
  const { at, advance, counts } = started({ window: { type: "sliding", size: "10s" } });
  for (const second of [0, 5, 5, 10, 15]) await at(second);
  advance(15 * S);
  expect(counts()).toEqual([1, 3, 3]);
  advance();
  expect(counts()).toEqual([1, 3, 3, 2]);
});

test("count windows take packets as they come, whatever their times, and tell equal ones apart", async () => {
  const { at, advance, on, counts, results } = started({ window: { type: "count", size: 2 } });
  for (const [second, key] of [
    [9, "a"],
    [9, "b"],
    [9, "a"],
    [9, "a"],
    [9, "a"],
    [1, "b"],
    [3, "b"],
  ] as const) {
    await at(second, key);
    advance((second + 100) * S);
  }
  expect(counts()).toEqual([2, 2, 2]);
  advance();
  expect(counts()).toEqual([2, 2, 2, 1]);
  expect(results()[2]!.window).toEqual({ start: iso(1 * S), end: iso(9 * S) });
  expect(new Set(on("out").map(({ meta }) => meta.idempotency_key)).size).toBe(4);
});

test("count windows with a hop overlap", async () => {
  const { at, advance, node, on } = started({
    window: { type: "count", size: 3, hop: 2 },
    aggregates: { values: { fn: "collect", of: "value" } },
  });
  for (const second of [1, 2, 3, 4, 5]) await at(second);
  advance();
  const values = on("out").map(({ payload }) => (payload as { values: number[] }).values);
  expect(values).toEqual([[1, 2, 3], [3, 4, 5], [5]]);
  expect(node.metrics!()).toMatchObject({ keys: 0, windows: 0, windows_total: 3 });
});

test("results of windows that end together leave by key, and their source is the key", async () => {
  const { process, advance, on } = started({ ...MINUTE, key: "door.id" });
  for (const id of ["b", 7, "a", "7"]) await process(packet({ payload: { door: { id } } }));
  advance();
  expect(on("out").map(({ payload, source_id }) => [(payload as { key: unknown }).key, source_id])).toEqual([
    [7, "7"],
    ["7", "7"],
    ["a", "a"],
    ["b", "b"],
  ]);
});

test.each([
  ["missing", {}],
  ["null", { id: null }],
])("a packet whose key is %s is an error that names the place", async (what, payload) => {
  const { process } = started({ ...MINUTE, key: "id" });
  expect(process(packet({ payload }))).rejects.toThrow(`cannot tell the packet's key: payload.id is ${what}`);
});

test("a packet without a usable value is set aside when that is wanted, and nothing of it is counted in", async () => {
  const { process, at, advance, counts, node } = started({
    ...MINUTE,
    aggregates: { mean: { fn: "mean", of: "value" } },
    invalid: "dead_letter",
  });
  await at(1);
  await expect(process(packetOf({ t: 2, key: "new", value: Number.NaN }))).rejects.toThrow("payload.value");
  advance();
  expect([counts(), node.metrics!().invalid_total]).toEqual([[1], 1]);
});

test.each(["1970-01-01T00:00:00Z", "2099-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"])(
  "a packet of %s is counted like any other",
  async (ts) => {
    const { process, advance, counts, on } = started(MINUTE);
    await process(packet({ ts }));
    await process(packet({ ts: "2026-01-01T00:00:00Z" }));
    advance();
    expect(counts()).toEqual([1, 1]);
    expect(on("late")).toEqual([]);
  },
);

test("a clock that jumps back an hour makes packets late, and nothing else", async () => {
  const { at, advance, counts, on } = started(MINUTE);
  await at(7_200);
  advance(7_200 * S);
  await at(3_600);
  advance(3_600 * S);
  await at(7_201);
  advance();
  expect([counts(), on("late").length]).toEqual([[2], 1]);
});

test.each(["", "yesterday", "1771027201"])("a packet whose time is %p is an error", async (ts) => {
  expect(started(MINUTE).process(packet({ ts }))).rejects.toThrow("cannot read the packet's event time");
});

test("a window that would end after the year 9999 is an error, and leaves nothing behind", async () => {
  const { process, node } = started(MINUTE);
  await expect(process(packet({ ts: "9999-12-31T23:59:59Z" }))).rejects.toThrow("cannot put the packet into a window");
  expect(node.metrics!()).toMatchObject({ keys: 0, windows: 0 });
});

describe("without room,", () => {
  test("a packet of one more key leaves by refused as it came", async () => {
    const { at, advance, on, node, counts } = started({ ...MINUTE, max_keys: 2 });
    for (const key of ["a", "b", "c", "a"]) await at(1, key);
    expect(on("refused")).toEqual([packetOf({ t: S, key: "c", value: 1 })]);
    expect(node.metrics!()).toMatchObject({ keys: 2, refused_total: 1 });
    advance();
    expect(counts()).toEqual([2, 1]);
  });

  test("there is room again once windows are over", async () => {
    const { at, advance, on } = started({ ...MINUTE, max_keys: 1, max_windows: 1 });
    for (let minute = 0; minute < 5; minute++) {
      await at(minute * 60, `key ${minute}`);
      advance((minute + 1) * 60 * S);
    }
    expect([on("out").length, on("refused").length]).toEqual([5, 0]);
  });

  test("a packet whose windows would be too many opens none of them", async () => {
    const { at, on, node } = started({ window: { type: "hopping", size: "1m", hop: "20s" }, max_windows: 4 });
    await at(0);
    await at(0, "b");
    expect([on("refused").length, node.metrics!().windows]).toEqual([1, 3]);
  });

  test.each([
    { type: "tumbling", size: "1m" },
    { type: "session", gap: "1m" },
    { type: "sliding", size: "1m" },
    { type: "count", size: 3 },
  ])("the key that came first gives what it has and makes room: %j", async (window) => {
    const { at, advance, results, on, node } = started({ window, max_keys: 2, on_full: "close_oldest" });
    for (const key of ["a", "b", "c", "a"]) await at(1, key);
    expect(results().map(({ cut, count }) => [cut, count])).toEqual([
      [true, 1],
      [true, 1],
    ]);
    advance();
    expect(results().length).toBe(4);
    expect(new Set(on("out").map(({ meta }) => meta.idempotency_key)).size).toBe(4);
    expect(node.metrics!()).toMatchObject({ keys: 0, cut_total: 2, refused_total: 0 });
  });

  test("keys without end hold no more than the bound allows", async () => {
    const { at, node } = started({ ...MINUTE, max_keys: 100, on_full: "close_oldest" });
    for (let key = 0; key < 5_000; key++) await at(1, `key ${key}`);
    expect(node.metrics!()).toMatchObject({ keys: 100, windows: 100, cut_total: 4_900 });
  });
});

test("state of other windows is refused", () => {
  const state = started(MINUTE).node.snapshot!();
  expect(() => started({ window: { type: "tumbling", size: "2m" } }).node.restore!(state)).toThrow(
    "the windows were others",
  );
});

const aggregate = (config: Record<string, unknown>) => ({ ...MINUTE, aggregates: { it: config } });

test.each<[string, Record<string, unknown>, readonly string[]]>([
  ["a window beyond its bound", { window: { type: "tumbling", size: "367d" } }, ["window", "size"]],
  ["a gap beyond its bound", { window: { type: "session", gap: "400d" } }, ["window", "gap"]],
  ["a count beyond its bound", { window: { type: "count", size: 1_000_001 } }, ["window", "size"]],
  ["too many windows at once", { window: { type: "hopping", size: "1h", hop: "1s" } }, ["window", "hop"]],
  ["a hop with holes", { window: { type: "hopping", size: "1s", hop: "2s" } }, ["window", "hop"]],
  ["a size that is missing", { window: { type: "tumbling" } }, ["window"]],
  ["a size in packets", { window: { type: "tumbling", size: 5 } }, ["window", "size"]],
  ["a count in seconds", { window: { type: "count", size: "5s" } }, ["window", "size"]],
  ["a gap for a tumbling window", { window: { type: "tumbling", size: "1s", gap: "1s" } }, ["window", "gap"]],
  ["a length of nothing", { window: { type: "tumbling", size: "0s" } }, ["window", "size"]],
  ["an origin that is no time", { window: { type: "tumbling", size: "1s", origin: "noon" } }, ["window", "origin"]],
  ["early results of a sliding window", { window: { type: "sliding", size: "1s" }, early: { every: "1s" } }, ["early"]],
  ["lateness of a count", { window: { type: "count", size: 1 }, allowed_lateness: "1s" }, ["allowed_lateness"]],
  ["a key that is no CEL", { ...MINUTE, key: { cel: "1 +" } }, ["key", "cel"]],
  ["a field that results have", { ...MINUTE, aggregates: { window: { fn: "count" } } }, ["aggregates", "window"]],
  ["a mean of nothing", aggregate({ fn: "mean" }), ["aggregates", "it"]],
  ["a percentile of no rank", aggregate({ fn: "percentile", of: "v" }), ["aggregates", "it"]],
  ["a rank of a mean", aggregate({ fn: "mean", of: "v", p: 5 }), ["aggregates", "it", "p"]],
  ["an expression that is no CEL", aggregate({ fn: "expression", cel: "payload." }), ["aggregates", "it", "cel"]],
])("validation refuses %s", (_what, config, path) => {
  expect(issuePaths(windowAggregate, config)).toContainEqual(path);
});
