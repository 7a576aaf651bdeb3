import { expect, test } from "bun:test";
import fc from "fast-check";
import { reduce } from "../../../src/nodes/time/reduce.ts";
import { issuePaths } from "../../conformance/check.ts";
import { packet, startNode } from "../../support/node.ts";
import { said } from "./streams.ts";

const SUM = { initial: 0, step: "state + payload.v" };
const of = (v: unknown, source_id = "a") => packet({ source_id, payload: { v } });
const states = (started: ReturnType<typeof startNode>) =>
  started.on("out").map(({ payload }) => (payload as { state: unknown }).state);

test("reduce gives one state per key at the end of the input, in the order in which the keys came", async () => {
  const started = startNode(reduce, { ...SUM, emit: "end" });
  for (const [v, key] of [
    [1, "b"],
    [2, "a"],
    [3, "b"],
  ] as const)
    await started.process(of(v, key));
  started.advance(1e15);
  expect(started.emitted).toEqual([]);
  started.advance();
  expect(started.on("out").map(({ source_id, payload }) => [source_id, payload])).toEqual([
    ["b", { key: "b", state: 4, count: 2, final: true }],
    ["a", { key: "a", state: 2, count: 1, final: true }],
  ]);
});

test("reduce can begin with nothing and build lists and maps", async () => {
  const started = startNode(reduce, { step: "state == null ? [payload.v] : state + [payload.v]" });
  for (const v of [1, "x"]) await started.process(of(v));
  expect(states(started)).toEqual([[1], [1, "x"]]);
});

test("a step that fails is an error, and the state stays as it was", async () => {
  const started = startNode(reduce, SUM);
  await started.process(of(1));
  await expect(started.process(packet({ source_id: "a", payload: {} }))).rejects.toThrow("cannot evaluate");
  await started.process(of(2));
  expect(states(started)).toEqual([1, 3]);
});

test("a state that grows beyond its bound is an error, and the state stays as it was", async () => {
  const started = startNode(reduce, { initial: "", step: "state + payload.v", max_state_chars: 6 });
  await started.process(of("abcd"));
  await expect(started.process(of("e"))).rejects.toThrow("it has 7 characters as JSON, max_state_chars is 6");
  expect(states(started)).toEqual(["abcd"]);
});

test("one key more than there is room for is refused, or closes the first", async () => {
  const refusing = startNode(reduce, { ...SUM, max_keys: 1 });
  const closing = startNode(reduce, { ...SUM, max_keys: 1, on_full: "close_oldest" });
  for (const started of [refusing, closing]) for (const key of ["a", "b"]) await started.process(of(1, key));
  expect(refusing.on("refused")).toEqual([of(1, "b")]);
  expect(closing.on("out").map(({ payload }) => payload)).toEqual([
    { key: "a", state: 1, count: 1, final: false },
    { key: "a", state: 1, count: 1, final: true, cut: true },
    { key: "b", state: 1, count: 1, final: false },
  ]);
});

test("a restored reduce goes on as the one that was not interrupted", async () => {
  const packets = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.constantFrom("a", "b", "c")), {
    maxLength: 40,
  });
  const configs = fc.constantFrom<Record<string, unknown>>(
    SUM,
    { ...SUM, emit: "end" },
    { ...SUM, when: "state > 5", reset: true, max_keys: 2, on_full: "close_oldest" },
  );
  await fc.assert(
    fc.asyncProperty(packets, fc.nat(40), configs, async (given, cut, config) => {
      const whole = startNode(reduce, config);
      for (const [v, key] of given.slice(0, cut)) await whole.process(of(v, key));
      const before = whole.emitted.length;
      const restored = startNode(reduce, config);
      restored.node.restore!(structuredClone(whole.node.snapshot!()));
      for (const started of [whole, restored]) {
        for (const [v, key] of given.slice(cut)) await started.process(of(v, key));
        started.advance();
      }
      const results = (started: typeof whole, from: number) =>
        said(started.emitted.slice(from).map((one) => one.packet));
      expect(results(restored, 0)).toEqual(results(whole, before));
    }),
  );
});

test("state of another step is refused", () => {
  const state = startNode(reduce, SUM).node.snapshot!();
  expect(() => startNode(reduce, { ...SUM, initial: 1 }).node.restore!(state)).toThrow("the states were others");
});

test.each<[string, Record<string, unknown>, readonly string[]]>([
  ["a step that is no CEL", { step: "state +" }, ["step"]],
  ["a step over what there is not", { step: "total + 1" }, ["step"]],
  ["a condition that gives a number", { ...SUM, when: "1 + 1" }, ["when"]],
  ["a reset without a condition", { ...SUM, reset: true }, ["reset"]],
  ["a condition for the end", { ...SUM, emit: "end", when: "true" }, ["when"]],
])("validation refuses %s", (_what, config, path) => {
  expect(issuePaths(reduce, config)).toContainEqual(path);
});
