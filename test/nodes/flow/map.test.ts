import { expect, test } from "bun:test";
import * as fs from "node:fs";
import jsonata from "jsonata";
import * as v from "valibot";
import { JSONATA_FUNCTIONS } from "../../../src/nodes/flow/jsonata_expression.ts";
import { map } from "../../../src/nodes/flow/map.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const issuesOf = (config: Record<string, unknown>) => map.check(v.parse(map.config, config));

async function mapped(config: Record<string, unknown>, payload: unknown) {
  const { process, on } = startNode(map, config);
  await process(packet({ payload }));
  return on("out")[0]!;
}

test("map copies what it changes and leaves the packet that came in as it was", async () => {
  const original = { door: { open: true, floor: 1 }, same: { a: 1 } };
  const { payload } = await mapped({ ops: [{ set: "door.open", value: false }] }, original);
  expect(payload).toEqual({ door: { open: false, floor: 1 }, same: { a: 1 } });
  expect(original.door.open).toBe(true);
  expect((payload as typeof original).same).toBe(original.same);
});

test("map makes the maps on the way to a new path", async () => {
  expect((await mapped({ ops: [{ set: "a.b.c", value: 1 }] }, {})).payload).toEqual({ a: { b: { c: 1 } } });
});

test("map refuses to set a path through something that is no map", async () => {
  await expect(mapped({ ops: [{ set: "a.b", value: 1 }] }, { a: 7 })).rejects.toThrow(
    'cannot reach "b" in the payload: expected a map there, got number',
  );
});

test("map lets an expression see what the operations before it made", async () => {
  const ops = [{ set: "double", cel: "payload.n * 2" }, { set: "next", cel: "payload.double + 1" }, { remove: "n" }];
  expect((await mapped({ ops }, { n: 4 })).payload).toEqual({ double: 8, next: 9 });
});

test("map reads a key with a dot from a list path", async () => {
  expect((await mapped({ ops: [{ rename: ["a.b"], to: "c" }] }, { "a.b": 1 })).payload).toEqual({ c: 1 });
});

test("map fails on a rename of a missing key unless it is optional", async () => {
  await expect(mapped({ ops: [{ rename: "a", to: "b" }] }, {})).rejects.toThrow('cannot rename "a"');
  expect((await mapped({ ops: [{ rename: "a", to: "b", optional: true }] }, { x: 1 })).payload).toEqual({ x: 1 });
});

test("map removes several paths, missing ones included", async () => {
  const ops = [{ remove: ["a", "b.c", "nowhere.at.all"] }];
  expect((await mapped({ ops }, { a: 1, b: { c: 2, d: 3 } })).payload).toEqual({ b: { d: 3 } });
});

test("map sets kind, source and time from the packet as it came in, and keeps its id", async () => {
  const config = { kind: "weather", source_id: { cel: "payload.station" }, ops: [{ remove: "station" }] };
  const { packet_id, kind, source_id, payload } = await mapped(config, { station: "KSEA" });
  expect({ packet_id, kind, source_id, payload }).toEqual({
    packet_id: packet().packet_id,
    kind: "weather",
    source_id: "KSEA",
    payload: {},
  });
});

test("map declares the kind it sets on its output port", () => {
  expect(map.outputs(v.parse(map.config, { kind: "weather" })).out!.kinds).toEqual(["weather"]);
  expect(map.outputs(v.parse(map.config, { kind: { cel: "kind" } })).out!.kinds).toBe("*");
});

test.each([
  [{ set: "a" }, "set needs either `value` or `cel`"],
  [{ set: "a", value: 1, cel: "1" }, "set needs either `value` or `cel`"],
  [{ rename: "a" }, "rename needs `to`"],
  [{ remove: "a", to: "b" }, '"to" does not belong to remove'],
  [{ set: "a", value: 1, optional: true }, '"optional" does not belong to set'],
  [{ set: "a", value: 1, remove: "b" }, "an operation has one of set, rename and remove: this one has set, remove"],
  [{}, "an operation has one of set, rename and remove: this one has none"],
  [{ set: "a.__proto__.b", value: 1 }, '"a.__proto__.b" is no path'],
  [{ set: "a..b", value: 1 }, '"a..b" is no path'],
])("map refuses the operation %j", (op, message) => {
  expect(issuesOf({ ops: [op] })[0]!.message).toStartWith(message);
});

test("map points at the expression that is wrong", () => {
  expect(issuesOf({ ops: [{ set: "a", cel: "paylod.x" }] })).toMatchObject([{ path: ["ops", 0, "cel"], offset: 0 }]);
  expect(issuesOf({ ts: { cel: "1" } })).toMatchObject([{ path: ["ts", "cel"] }]);
  expect(issuesOf({ jsonata: "items.price +" })).toMatchObject([{ path: ["jsonata"], offset: 13 }]);
});

test.each([
  ["$rond(t)", 0, 'did you mean "$round"?'],
  ["items.{ 'at': $tz }", 14, 'did you mean "$ts"?'],
  ["price ~> $total", 9, "a field of the payload is written without $: total"],
])("map points at what nothing gives a value in the JSONata %j", (jsonata, offset, hint) => {
  expect(issuesOf({ jsonata })).toMatchObject([{ path: ["jsonata"], offset, hint }]);
});

test.each([
  "($x := 3; $f := function($a) { $a + $x }; $map(items, $f))",
  "items@$i#$n.{ 'i': $i, 'n': $n, 'kind': $kind, 'meta': $meta.a }",
  "$.a + $$.b + $substring(?, 1)('abc')",
  "$now() & $string($millis())",
])("map takes the names that the JSONata %j binds itself", (jsonata) => {
  expect(issuesOf({ jsonata })).toEqual([]);
});

test("JSONATA_FUNCTIONS are the functions of the library, all of them", async () => {
  for (const name of JSONATA_FUNCTIONS)
    expect([name, await jsonata(`$type($${name})`).evaluate({})]).toEqual([name, "function"]);
  const source = fs.readFileSync(Bun.resolveSync("jsonata", import.meta.dir), "utf8");
  const bound = [...source.matchAll(/Frame\.bind\('(\w+)'/g)].map(([, name]) => name!);
  expect(bound.length).toBeGreaterThan(50);
  expect(bound.filter((name) => !JSONATA_FUNCTIONS.includes(name))).toEqual([]);
});

test("map refuses ops beside jsonata, and a config with nothing to do", () => {
  expect(issuesOf({ ops: [], jsonata: "a" })).toMatchObject([{ path: ["jsonata"] }]);
  expect(issuesOf({})).toHaveLength(1);
});

test("map fails when a JSONata expression selects nothing", async () => {
  await expect(mapped({ jsonata: "a.b" }, {})).rejects.toThrow("it selects nothing in this payload");
});

test("map names a JSONata error and its code", async () => {
  await expect(mapped({ jsonata: '"a" + 1' }, {})).rejects.toThrow("(T2001)");
});

test("map stops a JSONata expression that calls itself without end", async () => {
  const jsonata = "($deeper := function($n) { 1 + $deeper($n + 1) }; $deeper(0))";
  await expect(mapped({ jsonata }, {})).rejects.toThrow("(D1011)");
});

test("map stops a JSONata expression that loops without end", async () => {
  const jsonata = "($loop := function($n) { $loop($n + 1) }; $loop(0))";
  await expect(mapped({ jsonata, timeout_ms: 20 }, {})).rejects.toThrow("(D1012)");
});

test("map stops a JSONata expression that makes too much", async () => {
  await expect(mapped({ jsonata: "[1..1000000]" }, {})).rejects.toThrow("cannot evaluate the JSONata expression");
});

test("map works through a list of ten thousand items in JSONata", async () => {
  const items = Array.from({ length: 10_000 }, (_, price) => ({ price }));
  expect((await mapped({ jsonata: "$sum(items.(price * 2))" }, { items })).payload).toBe(99_990_000);
});

test("map gives JSONata the node's clock and random numbers", async () => {
  const run = async () => {
    const context = testContext();
    const { process, on } = startNode(map, { jsonata: "[$now(), $millis(), $random()]" }, context);
    await process(packet());
    return on("out")[0]!.payload;
  };
  expect(await run()).toEqual(await run());
  expect((await run()) as unknown[]).toContain("2026-01-01T00:00:00.000Z");
});
