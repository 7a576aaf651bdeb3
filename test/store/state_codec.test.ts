import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { type IdGenerator, packetFactory } from "../../src/packet/index.ts";
import { packState, stateBytes, stateOf } from "../../src/store/state_codec.ts";

const back = (state: unknown) => stateOf(stateBytes(packState(state)));

const leaf = fc.oneof(
  fc.double(),
  fc.string({ unit: "binary" }),
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom(null, undefined, -0, Number.NaN, Number.NEGATIVE_INFINITY, "\ud800"),
  fc.float64Array(),
  fc.uint8Array(),
  fc.bigInt64Array(),
);
const state = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value")),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("$", "__proto__")), tie("value"), { noNullPrototype: true }),
    fc.array(fc.tuple(fc.oneof(fc.string(), fc.integer()), tie("value"))).map((entries) => new Map(entries)),
    fc.array(fc.string()).map((list) => new Set(list)),
  ),
})).value;

test("a state is the same after it was packed, laid out and read back", () => {
  fc.assert(
    fc.property(state, (one) => Bun.deepEquals(back(one), one, true)),
    { numRuns: 500 },
  );
});

test("a view on a part of a buffer is kept without the rest of it", () => {
  const whole = Float64Array.from([1, 2, 3, 4]);
  const kept = back({ part: whole.subarray(1, 3) }) as { part: Float64Array };
  expect(kept.part).toEqual(Float64Array.from([2, 3]));
  expect(kept.part.buffer.byteLength).toBe(16);
});

test("packing copies columns: what the node does to them later is not in it", () => {
  const column = Float64Array.from([1]);
  const packed = packState({ column });
  column[0] = 2;
  expect(stateOf(stateBytes(packed))).toEqual({ column: Float64Array.from([1]) });
});

test.each([true, false])("a packet as the engine makes them (frozen: %p) comes back as one", (freeze) => {
  const ids = { nowMs: () => 0, next: () => "7", iso: () => "1970-01-01T00:00:00.000Z" } as unknown as IdGenerator;
  const held = packetFactory(
    ids,
    "cam01",
    freeze,
  )({ kind: "raw", payload: { $: 1, row: Uint8Array.of(1) }, meta: { n: -0 } });
  const [kept] = back([held]) as [typeof held];
  expect(Bun.deepEquals(kept, held, true)).toBe(true);
  expect(kept.constructor).toBe(held.constructor);
  expect(Object.isFrozen(kept)).toBe(freeze);
});

test("what is no plain value is refused with the place where it stands", () => {
  expect(() => packState({ rows: [{ at: new Date(0) }] })).toThrow(
    "state.rows.0.at is a Date, and a state holds plain values",
  );
  expect(() => packState({ done: () => {} })).toThrow("state.done is a function");
  const circle: Record<string, unknown> = {};
  circle.me = circle;
  expect(() => packState(circle)).toThrow("more than 64 levels deep");
});

test("bytes that are no state are refused, and nothing else happens", () => {
  const whole = stateBytes(packState({ keys: ["a", "b"], sums: Float64Array.from([1, 2]) }));
  for (let length = 0; length < whole.length; length++) expect(() => stateOf(whole.slice(0, length))).toThrow();
  const bytes = fc.uint8Array({ maxLength: 64 });
  const readsOrThrows = (given: Uint8Array) => {
    try {
      stateOf(given);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
  };
  fc.assert(fc.property(bytes, readsOrThrows), { numRuns: 500 });
});
