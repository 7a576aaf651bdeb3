import { expect, test } from "bun:test";
import { compileCondition, compileText, compileValue, expressionIssues } from "../../src/nodes/expression.ts";
import { WholeFloat } from "../../src/packet/index.ts";
import { packet } from "../support/node.ts";

const reading = packet({
  kind: "sensor",
  source_id: "yard",
  ts: "2026-01-01T06:00:00Z",
  payload: { temp: 21.5, n: 3, name: "gate", list: [1, 2], door: { open: true }, none: null },
  meta: { seq: 7 },
});

test.each([
  ["payload.temp > 20", true],
  ["20 < payload.temp", true],
  ["payload.n == 3", true],
  ["payload.n != 3", false],
  ["payload.n == 3.0", true],
  ["payload.n + 1 == 4", true],
  ["7 - payload.n == 4", true],
  ["payload.n * 2 > 5", true],
  ["payload.n / 2 == 1.5", true],
  ["payload.n % 2 == 1", true],
  ["payload.n % 2.0 == 1.0", true],
  ["-payload.n < 0", true],
  ["payload.n in [1, 2, 3]", true],
  ["3 in payload.list", false],
  ["payload.list[0] == 1", true],
  ["payload.list.map(x, x * 2)[1] == 4", true],
  ["size(payload.list) == 2", true],
  ["payload.name == 3", false],
  ["payload.none == null", true],
  ["has(payload.temp)", true],
  ["has(payload.missing)", false],
  ["has(payload.missing) && payload.missing > 3", false],
  ["payload.?missing.orValue(0) > 1", false],
  ["payload.door.open", true],
  ["meta.seq == 7", true],
  ['kind == "sensor" && source_id.startsWith("ya")', true],
  ['timestamp(ts) > timestamp("2025-12-31T23:59:59Z")', true],
])("a condition %p is %p", (text, expected) => {
  expect(expressionIssues([], text, "bool")).toEqual([]);
  expect(compileCondition(text)(reading)).toBe(expected);
});

test("a condition sees the value of a whole float from a predecessor graph", () => {
  const written = packet({ payload: { limit: new WholeFloat(20), list: [new WholeFloat(1)] } });
  expect(compileCondition("payload.limit + 1 == 21 && payload.list[0] == 1")(written)).toBe(true);
});

test.each([
  ["paylod.temp > 1", 0, 'did you mean "payload"?'],
  ["t > 1", 0, "a field of the payload is written payload.t"],
  ["kind == 'a' && temp > 1", 15, "a field of the payload is written payload.temp"],
  ["payload.name.startWith('a')", 13, 'did you mean "startsWith"?'],
  ["sise(payload.list) > 1", 0, 'did you mean "size"?'],
])("expressionIssues() points into %p at %d with a way out", (text, offset, hint) => {
  expect(expressionIssues(["when"], text, "bool")).toMatchObject([{ path: ["when"], offset, hint }]);
});

test.each([
  ["payload.n = 3", 10, '"="', "equality is written =="],
  ["payload.n => 3", 10, '"="', "at least is written >="],
  ["payload.n <> 3", 11, '">"', "inequality is written !="],
  ["payload.n > 3 and kind == 'a'", 14, '"and"', "and is written &&"],
  ["payload.n > 3 OR kind == 'a'", 14, '"OR"', "or is written ||"],
  ["not payload.door.open", 4, '"payload"', "not is written !"],
  ["payload.none is null", 13, '"is"', "equality is written =="],
  ["payload.name contains 'a'", 13, '"contains"', "call it behind a dot: kind.contains(…)"],
  ["kind == \u201ca\u201d", 8, '"\u201c"', "these are typographic quotes; type plain ones"],
])("expressionIssues() knows a habit from elsewhere in %p", (text, offset, found, hint) => {
  const message = `expression is not valid CEL: unexpected ${found}`;
  expect(expressionIssues(["when"], text, "bool")).toEqual([{ path: ["when"], offset, message, hint }]);
});

test.each([
  ["1 +", 3],
  ["payload.temp > 20 && (", 22],
  ["meta.x = 3", 7],
  ["kind > 3", 0],
])("expressionIssues() gives the offset of the fault in %p", (text, offset) => {
  expect(expressionIssues(["when"], text, "bool")).toMatchObject([{ offset }]);
});

test("expressionIssues() names a parenthesis that is not closed in words", () => {
  expect(expressionIssues(["when"], "(payload.n * 2")).toEqual([
    { path: ["when"], message: "expression is not valid CEL: expected a closing parenthesis, got the end", offset: 14 },
  ]);
});

test.each(["kind", "1 + 1", "[1]", "'yes'"])("a condition may not be %p, which is no bool", (text) => {
  expect(expressionIssues(["when"], text, "bool")[0]!.message).toStartWith("expression must give a bool");
});

test("a condition over an untyped field passes the check and fails on the packet whose field is no bool", () => {
  expect(expressionIssues([], "payload.n", "bool")).toEqual([]);
  expect(() => compileCondition("payload.n")(reading)).toThrow("it must give a bool, got number 3");
});

test("a condition over a missing field says which, and how to test for it", () => {
  expect(() => compileCondition("payload.celsius > 20")(reading)).toThrow(
    'cannot evaluate "payload.celsius > 20": no such key: celsius; test for it first with has(…)',
  );
});

test("a condition cannot reach what JavaScript hangs on every object", () => {
  for (const text of ["has(payload.constructor)", "has(payload.__proto__)", "has(payload.door.toString)"]) {
    expect(compileCondition(text)(reading)).toBe(false);
  }
});

test.each([
  ["payload.n + 1", 4],
  ["size(payload.list)", 2],
  ["[1, payload.temp]", [1, 21.5]],
  ["{'a': 1, 'b': [2]}", { a: 1, b: [2] }],
  ["timestamp(ts)", "2026-01-01T06:00:00.000Z"],
])("a value %p becomes JSON", (text, expected) => {
  expect(compileValue(text)(reading)).toEqual(expected);
});

test("a value beyond 2^53 is an error, not a rounded number", () => {
  expect(() => compileValue("9007199254740993")(reading)).toThrow("beyond 2^53");
});

test("a value that JSON cannot hold is an error", () => {
  expect(() => compileValue("duration('1s')")(reading)).toThrow("duration is no JSON value, use string(…)");
});

test("a text expression refuses a number", () => {
  expect(() => compileText("payload.n")(reading)).toThrow("it must give a string, got number 3");
  expect(compileText("'id-' + string(payload.n)")(reading)).toBe("id-3");
});
