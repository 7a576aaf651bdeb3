import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as v from "valibot";
import type { SourceInstance } from "../../../src/node/index.ts";
import { benchMetricsSink } from "../../../src/nodes/dev/bench_metrics_sink.ts";
import { roundedTo6 } from "../../../src/nodes/dev/python_round.ts";
import { riskSource } from "../../../src/nodes/dev/risk_source.ts";
import { slowScoring } from "../../../src/nodes/dev/slow_scoring.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { runSource, startNode, testContext } from "../../support/node.ts";

interface Event {
  seq: number;
  group_id: string;
  logical_ts_ms: number;
  event_id: string;
}
const BURSTS = { seed: 1, groups: ["a", "b"], total_events: 5, burst_every: 2, burst_size: 3 };
const events = async (config: Record<string, unknown>) => {
  const { packets } = await runSource(riskSource, config);
  return packets.map(({ payload, meta }) => ({ ...(payload as Event), meta }));
};

test("risk_source draws the groups that the predecessor drew with this seed", async () => {
  const made = await events(BURSTS);
  expect(made.map(({ group_id }) => group_id).join(" ")).toBe("a b b a a a b b a a b");
  expect(made.map(({ logical_ts_ms }) => logical_ts_ms)).toEqual([0, 0, 0, 10, 20, 20, 20, 30, 40, 40, 40]);
  expect(made.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(made[10]!.event_id).toBe("synthetic_source:00000010");
});

test("risk_source says how many events it will make when it has made the first", async () => {
  const source = riskSource.create(v.parse(riskSource.config, BURSTS), testContext()) as SourceInstance;
  const made = source.run(new AbortController().signal) as AsyncGenerator;
  await made.next();
  expect(source.metrics!()).toEqual({ emitted_total: 0, expected_total: 11 });
  await made.next();
  expect(source.metrics!()).toEqual({ emitted_total: 1, expected_total: 11 });
});

test("risk_source keeps silent before the event that marks the end of an outage", async () => {
  const context = testContext();
  const pulled = runSource(riskSource, { total_events: 2, recovery_marker_seq: 1, outage_sleep_ms: 500 }, { context });
  await new Promise((resolve) => setImmediate(resolve));
  context.clock.advance(500);
  const { packets } = await pulled;
  expect(packets.map(({ meta }) => meta.recovery_marker)).toEqual([undefined, true]);
  const [before, after] = packets.map(({ meta }) => meta.emitted_mono_ns as number);
  expect(after! - before!).toBe(500e6);
});

test("risk_source refuses probabilities that do not fit its groups", () => {
  const issues = (group_probs: number[]) =>
    riskSource.check(v.parse(riskSource.config, { group_probs })).map(({ message }) => message);
  expect(issues([1])).toEqual(["group_probs must have one number for each of the 2 groups: it has 1"]);
  expect(issues([0, 0])).toEqual(["group_probs must not all be 0"]);
  expect(issues([0.2, 0.8])).toEqual([]);
});

// Written down from Python 3.11: round(x, 6).
test.each([
  [1 / 128, 0.007812],
  [3 / 128, 0.023438],
  [-1 / 128, -0.007812],
  [0.0000015, 0.000002],
  [2.675e-4, 0.000267],
  [0.375, 0.375],
])("%p is rounded to %p, as in Python", (value, rounded) => expect(roundedTo6(value)).toBe(rounded));

test("slow_scoring takes the time of an event's group", async () => {
  const run = startNode(slowScoring, { delay_ms: 10, group_delay_ms: { slow: 200 } });
  const score = (group_id: string) =>
    run.process(run.context.packet({ kind: "event", payload: { seq: 0, signal: 1, group_id } }));
  const [quick, slow] = [score("quick"), score("slow")];
  run.context.clock.advance(10);
  await quick;
  expect(run.emitted).toHaveLength(1);
  run.context.clock.advance(190);
  await slow;
  expect(run.on("out").map(({ payload }) => payload)).toEqual([
    { seq: 0, signal: 1, group_id: "quick", risk_score: 0.75, policy_group: "quick" },
    { seq: 0, signal: 1, group_id: "slow", risk_score: 0.75, policy_group: "slow" },
  ]);
});

test("slow_scoring says what is wrong with an event that it cannot score", async () => {
  const run = startNode(slowScoring, {});
  const packet = run.context.packet({ kind: "event", payload: { seq: "x", signal: 1, group_id: "a" } });
  await expect(run.process(packet)).rejects.toThrow(/cannot score packet .*: at payload\.seq, .*Expected number/);
});

test("bench_metrics_sink writes a line per event, over what was there", async () => {
  using folder = temporaryFolder();
  const context = testContext({ base: folder.path, nodeId: "lines" });
  const file = `${folder.path}/lines.jsonl`;
  fs.writeFileSync(file, "of an earlier run\n");
  const run = startNode(benchMetricsSink, { output_path: "lines.jsonl" }, context);
  const emitted_mono_ns = context.clock.monotonicMs() * 1e6;
  const payload = { seq: 7, group_id: "a", logical_ts_ms: 70 };
  context.clock.advance(25);
  await run.process(
    context.packet({
      packet_id: "p",
      kind: "event",
      source_id: "s",
      payload,
      meta: { emitted_mono_ns, recovery_marker: true },
    }),
  );
  await run.node.close!();
  expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual({
    ...{ node_id: "lines", packet_id: "p", seq: 7, group_id: "a", source_id: "s", kind: "event", logical_ts_ms: 70 },
    ...{ latency_ms: 25, observed_mono_ns: emitted_mono_ns + 25e6, emitted_mono_ns, recovery_marker: true },
  });
  expect(run.node.metrics!()).toEqual({ written_total: 1, write_error_total: 0, recovery_marker_seen_total: 1 });
});
