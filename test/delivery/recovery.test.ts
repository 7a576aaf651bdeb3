import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../src/base/random.ts";
import type { DeliveryOptions } from "../../src/node/index.ts";
import { Unavailable } from "../../src/node/index.ts";
import { delivering } from "../support/delivery.ts";

/** How an outside is away. A black hole answers never, also when it is back: what went in before is lost. */
const AWAY = {
  "refuses at once": { ms: 1, fail: () => new Unavailable("connection refused") },
  "answers 503 slowly": { ms: 800, fail: () => new Unavailable("503") },
  "answers 500": { ms: 5, fail: () => new Error("500") },
  "is a black hole": { ms: Number.POSITIVE_INFINITY, fail: () => new Error("never") },
} as const;
type Way = keyof typeof AWAY;

interface Outage {
  way: Way;
  seed: number;
  awaySec: number;
  concurrency?: number;
  options?: Partial<DeliveryOptions>;
  /** How long packets come after it. */
  tailSec?: number;
}

/** Of the packets that go out after the outage, one in 50. */
const ERRORS = 0.02;
const PACKETS_PER_SEC = 4;

/**
 * Packets come at 4 a second, for 10 s before the outage and until all are through; as many are under way as
 * `concurrency` says. Gives the time from the end of the outage to the first delivery, and what became of them all.
 */
async function outage({ way, seed, awaySec, concurrency = 4, options = {}, tailSec = 20 }: Outage) {
  const chance = seededRandom(seed * 7919);
  const startMs = 10_000 + chance.float() * 1_000;
  const healMs = startMs + awaySec * 1_000;
  let firstMs: number | undefined;
  const run = delivering(
    async () => {
      const now = run.clock.monotonicMs();
      const { ms, fail } = AWAY[way];
      if (now >= startMs && now < healMs) {
        if (ms === Number.POSITIVE_INFINITY) await new Promise(() => {});
        await run.sleep(ms);
        throw fail();
      }
      await run.sleep(5 + chance.float() * 15);
      if (now >= healMs && chance.float() < ERRORS) throw new Unavailable("503");
      if (now >= healMs) firstMs ??= run.clock.monotonicMs();
    },
    // Every packet counts here, so none may be given up for an outside that answers 500.
    { ...(way === "answers 500" ? { max_attempts: 100 } : {}), ...options },
    { seed },
  );
  const total = Math.ceil((healMs / 1_000 + tailSec) * PACKETS_PER_SEC);
  let sent = 0;
  const worker = async () => {
    while (sent < total) {
      const at = sent++;
      const dueMs = (at * 1_000) / PACKETS_PER_SEC;
      const waitMs = dueMs - run.clock.monotonicMs();
      if (waitMs > 0) await run.sleep(waitMs);
      const ts = new Date(run.clock.nowMs() - run.clock.monotonicMs() + dueMs).toISOString();
      await run.send(`p${at}`, { ts });
    }
  };
  for (let at = 0; at < concurrency; at++) void worker();
  await run.pass(healMs + 300_000);
  const lost = Object.values(run.ended).filter(({ error }) => error !== undefined).length;
  return { ...run, recoveryMs: firstMs! - healMs, lost, total, delivered: Object.keys(run.ended).length - lost };
}

const percentile = (values: readonly number[], part: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!;

async function recoveries(way: Way, lengths: readonly number[], seeds: number, more: Partial<Outage> = {}) {
  const all: number[] = [];
  for (const awaySec of lengths) {
    for (let seed = 1; seed <= seeds; seed++) {
      const { recoveryMs, lost, delivered, total } = await outage({
        way,
        awaySec,
        seed: seed + awaySec * 1_000,
        ...more,
      });
      expect({ lost, delivered }).toEqual({ lost: 0, delivered: total });
      all.push(recoveryMs);
    }
  }
  const [p50, p99, max] = [percentile(all, 0.5), percentile(all, 0.99), Math.max(...all)].map(Math.round);
  return { p50: p50!, p99: p99!, max: max!, count: all.length };
}

/** The 100 attempts that a packet has here last for 250 s of "500", and in a black hole the first call holds for 30 s. */
const ONE_AT_A_TIME: Record<Way, number[]> = {
  "refuses at once": [30, 600],
  "answers 503 slowly": [30, 600],
  "answers 500": [30, 120],
  "is a black hole": [120, 600],
};

describe("after an outage the first delivery comes within 15 s at p99, and nothing is lost", () => {
  for (const [way, lengths] of [
    ["refuses at once", [3, 30, 120, 600]],
    ["answers 503 slowly", [3, 30, 120, 600]],
    ["answers 500", [3, 30, 120, 600]],
    // Calls that are under way when it begins hold their packets for the whole timeout: 30 s.
    ["is a black hole", [60, 120, 600]],
  ] as const) {
    test(`when the outside ${way}`, async () => {
      const { p50, p99, max, count } = await recoveries(way, lengths, 40);
      if (process.env.SHOW_RECOVERY) console.log(`${way}: n=${count} p50=${p50} p99=${p99} max=${max} ms`);
      expect(p99).toBeLessThan(15_000);
      // Half a wait of 5 s on average, and for a black hole half a probe of 5 s more.
      expect(p50).toBeLessThan(5_000);
    }, 60_000);
  }

  test("one packet at a time", async () => {
    for (const way of Object.keys(AWAY) as Way[]) {
      const { p99 } = await recoveries(way, ONE_AT_A_TIME[way], 25, { concurrency: 1 });
      expect(p99).toBeLessThan(15_000);
    }
  }, 60_000);

  test("a black hole of any length, when timeout_sec is 8", async () => {
    const { p99 } = await recoveries("is a black hole", [1, 5, 9, 15, 40], 25, { options: { timeout_sec: 8 } });
    expect(p99).toBeLessThan(15_000);
  });
});

test("what a run counts tells how long the outage and its end took", async () => {
  const { metric } = await outage({ way: "refuses at once", seed: 3, awaySec: 600, tailSec: 90 });
  expect(metric("delivery_outages_total")).toBe(1);
  expect(metric("delivery_outage_seconds_total")!).toBeWithin(600, 607);
  expect(metric("delivery_recovery_ms")!).toBeWithin(0, 5_100);
  // 2,400 packets, four at a time in 12.5 ms each: 7.5 s.
  expect(metric("delivery_catch_up_ms")!).toBeWithin(6_000, 12_000);
  expect(metric("delivery_circuit")).toBe(0);
});
