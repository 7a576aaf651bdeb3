import { expect, test } from "bun:test";
import { riskSource } from "../../../src/nodes/dev/risk_source.ts";
import { runSource } from "../../support/node.ts";
import { summarize } from "./analysis.ts";
import { expectedByGroup, figuresOf, type Line } from "./figures.ts";
import { GROUPS, graphOf, POLICIES, seedOf, sourceConfig, WORKLOAD_NAMES } from "./grid.ts";

test.each(WORKLOAD_NAMES)("what %s should make is what its source makes", async (workload) => {
  const seed = seedOf(workload, 3);
  const config = { ...sourceConfig(workload, seed), emit_sleep_ms: 0, outage_sleep_ms: 0 };
  const { packets } = await runSource(riskSource, config);
  const made = (group: string) => packets.filter(({ payload }) => (payload as Line).group_id === group).length;
  expect(expectedByGroup(workload, seed, packets.length)).toEqual(
    Object.fromEntries(GROUPS.map((group) => [group, made(group)])),
  );
});

test("policies of one workload and repeat get the same events, other repeats get others", () => {
  const sources = POLICIES.map((policy) => graphOf(policy, "balanced", seedOf("balanced", 1), "f").nodes[0]);
  for (const source of sources) expect(source).toEqual(sources[0]!);
  expect(seedOf("balanced", 2)).not.toBe(seedOf("balanced", 1));
  expect(seedOf("minority_spike", 1)).not.toBe(seedOf("balanced", 1));
});

const line = (group_id: string, latency_ms: number): Line => ({ seq: 0, group_id, latency_ms, recovery_marker: false });
const expected = { routine: 2, watch: 1, alarm: 1 };

test("harm weighs what is lost and what is late", () => {
  const lines = [line("routine", 25), line("watch", 50), line("alarm", 100)];
  const figures = figuresOf({ lines, expected, dropped: 1, seconds: 2, failed: false });
  // One routine event of two is lost: M = (1·0.5 + 2·0 + 8·0) / 11. Late by budgets of 50 ms: L = (1·0.5 + 2·1 + 8·2) / 11.
  expect(figures.weighted_miss).toBeCloseTo(0.5 / 11, 12);
  expect(figures.weighted_latency).toBeCloseTo(18.5 / 11, 12);
  expect(figures.harm).toBeCloseTo((50 + 185) / 11, 9);
  expect(figures).toMatchObject({ drop_rate: 0.25, event_miss_rate: 0.25, group_miss_gap: 0.5, throughput: 1.5 });
});

test("a run of which nothing came through has the most harm", () => {
  const figures = figuresOf({ lines: [], expected, dropped: 4, seconds: 1, failed: true });
  expect(figures).toMatchObject({ weighted_miss: 1, weighted_latency: 5, harm: 155, p95_ms: null });
});

test("policies are ranked by harm, and compared with drop_newest", () => {
  const harm = { drop_newest: 50, drop_oldest: 60, fail: 100, weighted_drop: 10 };
  const trials = WORKLOAD_NAMES.flatMap((workload) =>
    POLICIES.flatMap((policy) =>
      Array.from({ length: 30 }, (_, repeat) => {
        const figures = figuresOf({ lines: [], expected, dropped: 0, seconds: 1, failed: false });
        return {
          policy,
          workload,
          repeat,
          seed: 0,
          failed: false,
          figures: { ...figures, harm: harm[policy] + repeat / 10 },
        };
      }),
    ),
  );
  const rows = summarize(trials).slice(0, 4);
  expect(rows.map(({ policy, rank }) => `${rank} ${policy}`)).toEqual([
    "1 weighted_drop",
    "2 drop_newest",
    "3 drop_oldest",
    "4 fail",
  ]);
  expect(rows[0]!.compared).toMatchObject({ delta: -1, effect: "large" });
  expect(rows[0]!.compared!.holm).toBeLessThan(0.001);
  expect(rows[1]!.compared).toBeUndefined();
});
