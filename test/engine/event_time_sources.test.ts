import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Lowest, type Placed } from "../../src/engine/event_time/lowest.ts";
import { MAX_SOURCE_IDS, SourceTime } from "../../src/engine/event_time/source_time.ts";
import { virtualClock } from "../support/clock.ts";
import { packet } from "../support/node.ts";

test("the lowest of items whose times rise, which come and go, is that of looking through them all", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("add", "raise", "remove"), fc.nat(40), fc.nat(1_000)), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(steps, (all) => {
      const lowest = new Lowest<Placed>();
      const items: Placed[] = [];
      for (const [step, which, amount] of all) {
        const item = items[which % Math.max(1, items.length)];
        if (step === "add" || item === undefined) {
          const made = { tsMs: amount, at: -1 };
          items.push(made);
          lowest.add(made);
        } else if (step === "raise") {
          item.tsMs += amount;
          lowest.raised(item);
        } else {
          items.splice(items.indexOf(item), 1);
          lowest.remove(item);
          expect(item.at).toBe(-1);
        }
        const least = items.length === 0 ? undefined : Math.min(...items.map(({ tsMs }) => tsMs));
        expect(lowest.first?.tsMs).toBe(least);
      }
    }),
  );
});

describe("the time of a source", () => {
  function setup(idle_ms = 30_000) {
    const clock = virtualClock();
    const run = { ended: false };
    const time = new SourceTime(run, { max_delay_ms: 0, idle_ms }, clock);
    const startMs = clock.nowMs();
    const observe = (source_id: string, ms: number) =>
      time.observe(packet({ source_id, ts: new Date(startMs + ms).toISOString() }), clock.monotonicMs());
    const look = () => {
      time.expire(clock.monotonicMs());
      return time.isIdle(clock.monotonicMs()) ? "idle" : time.watermarkMs - startMs;
    };
    return { clock, time, observe, look };
  }

  test("keeps a bounded number of source ids: the one silent longest is forgotten, and counted", () => {
    const { time, observe, look } = setup();
    for (let id = 0; id < MAX_SOURCE_IDS; id++) observe(`${id}`, id);
    observe("0", 50_000);
    expect(look()).toBe(1);
    observe("new", 60_000);
    expect(look()).toBe(2);
    expect([...time.seen()].length).toBe(MAX_SOURCE_IDS);
    expect(time.forgotten).toBe(1);
  });

  test("forgets one that is idle before one that talks", () => {
    const { clock, time, observe, look } = setup();
    observe("idle", 0);
    clock.advance(20_000);
    for (let id = 1; id < MAX_SOURCE_IDS; id++) observe(`${id}`, 1_000 + id);
    clock.advance(10_000);
    expect(look()).toBe(1_001);
    observe("new", 90_000);
    expect([...time.seen()].map(([id]) => id)).not.toContain("idle");
    expect(look()).toBe(1_001);
  });

  test("does not wait for an id a day behind the others, until it has caught up", () => {
    const { observe, look } = setup();
    observe("b", -90_000_000);
    expect(look()).toBe(-90_000_000);
    observe("a", 0);
    expect(look()).toBe(0);
    observe("b", -89_000_000);
    expect(look()).toBe(0);
    observe("b", -80_000_000);
    expect(look()).toBe(-80_000_000);
  });

  test("is idle when only ids a day behind talk", () => {
    const { clock, observe, look } = setup();
    observe("a", 0);
    clock.advance(20_000);
    observe("b", -90_000_000);
    clock.advance(15_000);
    expect(look()).toBe("idle");
  });

  test("does not fall when a clock jumps back, and an id that was too early counts again", () => {
    const { time, observe, look } = setup();
    observe("a", 10_000);
    observe("a", 4_000);
    expect(look()).toBe(10_000);
    observe("b", 200_000_000);
    expect(time.ahead).toBe(1);
    expect(look()).toBe(10_000);
    observe("b", 12_000);
    observe("a", 11_000);
    expect(look()).toBe(11_000);
  });

  test("counts no silence while it is blocked", () => {
    const { clock, time, observe, look } = setup();
    observe("a", 0);
    clock.advance(20_000);
    time.roomChanged(true);
    time.roomChanged(true);
    clock.advance(60_000);
    expect(look()).toBe(0);
    time.roomChanged(false);
    clock.advance(9_999);
    expect(look()).toBe(0);
    expect(time.idleInMs(clock.monotonicMs())).toBe(1);
    clock.advance(1);
    expect(look()).toBe("idle");
  });

  test("says when it may be idle, and nothing once it is", () => {
    const { clock, time, observe, look } = setup();
    expect(time.idleInMs(0)).toBe(30_000);
    clock.advance(30_000);
    expect(look()).toBe("idle");
    expect(time.idleInMs(clock.monotonicMs())).toBeUndefined();
    observe("a", 0);
    expect(time.idleInMs(clock.monotonicMs())).toBe(30_000);
  });
});
