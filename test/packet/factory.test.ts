import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../src/base/random.ts";
import { IdGenerator, isPacket, packetFactory, replace } from "../../src/packet/index.ts";
import { virtualClock } from "../support/clock.ts";

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function setup(seed = 1) {
  const clock = virtualClock();
  return { clock, ids: new IdGenerator(clock, seededRandom(seed)) };
}

const take = (ids: IdGenerator, count: number) => Array.from({ length: count }, () => ids.next(ids.nowMs()));

describe("IdGenerator", () => {
  test("makes UUIDv7 that carry their millisecond", () => {
    const { clock, ids } = setup();
    const id = take(ids, 1)[0]!;
    expect(id).toMatch(UUID7);
    expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(clock.nowMs());
  });

  test("makes ids that rise strictly, also across 300,000 in one millisecond", () => {
    const list = take(setup().ids, 300_000);
    expect(list.every((id, at) => UUID7.test(id) && (at === 0 || id > list[at - 1]!))).toBe(true);
  });

  test("borrows the next millisecond when the counter of one is used up", () => {
    const { ids } = setup();
    const nowMs = ids.nowMs();
    let last = ids.next(nowMs);
    let rising = true;
    // The counter begins below 2^25 and has 26 bits, so 2^26 ids are sure to overflow it.
    for (let made = 0; made < 2 ** 26; made++) {
      const id = ids.next(nowMs);
      if ((made & 0xffff) === 0) {
        rising &&= id > last;
        last = id;
      }
    }
    expect(rising).toBe(true);
    expect(Number.parseInt(last.slice(0, 8) + last.slice(9, 13), 16)).toBe(nowMs + 1);
  });

  test("keeps rising when the clock steps back", () => {
    const { ids } = setup();
    const before = ids.next(1_000_000);
    expect(ids.next(999_000) > before).toBe(true);
  });

  test("gives the same ids for the same seed and clock", () => {
    expect(take(setup(7).ids, 100)).toEqual(take(setup(7).ids, 100));
    expect(take(setup(7).ids, 1)).not.toEqual(take(setup(8).ids, 1));
  });

  test("holds the time while it is pinned", () => {
    const { clock, ids } = setup();
    ids.pin(clock.nowMs());
    const pinned = clock.nowMs();
    clock.advance(5_000);
    expect(ids.nowMs()).toBe(pinned);
    ids.pin(undefined);
    expect(ids.nowMs()).toBe(pinned + 5_000);
  });
});

describe("packetFactory", () => {
  test("fills in id, time, source and meta, and keeps what is given", () => {
    const { ids } = setup();
    const make = packetFactory(ids, "cam01");
    expect(make({ kind: "raw", payload: 1 })).toMatchObject({
      ts: "2026-01-01T00:00:00.000Z",
      kind: "raw",
      source_id: "cam01",
      payload: 1,
      meta: {},
    });
    const given = { packet_id: "p", ts: "2020", kind: "k", source_id: "s", payload: null, meta: { a: 1 } };
    expect({ ...make(given) }).toEqual(given);
  });

  test("makes packets whose six fields are their own, in contract order, and cannot be written to", () => {
    const made = packetFactory(setup().ids, "cam01")({ kind: "raw", payload: 1 });
    expect(isPacket(made)).toBe(true);
    expect(Object.keys(made)).toEqual(["packet_id", "ts", "kind", "source_id", "payload", "meta"]);
    expect(() => {
      (made as { ts: string }).ts = "later";
    }).toThrow(TypeError);
  });

  test("refuses fields of a wrong type where plugins may run, and so does replace()", () => {
    const make = packetFactory(setup().ids, "cam01");
    const refusal = 'cannot make a packet: field "kind" must be a string, got undefined';
    expect(() => make({ payload: 1 } as never)).toThrow(refusal);
    expect(() => make({ kind: "raw", payload: 1, meta: "m" as never })).toThrow('field "meta" must be a map');
    expect(() => replace(make({ kind: "raw", payload: 1 }), { ts: 5 as never })).toThrow('field "ts" must be a string');
  });
});
