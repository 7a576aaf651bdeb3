import { expect, test } from "bun:test";
import { type RunSnapshot, readiness } from "../../src/observe/index.ts";
import { checkpoints, durableEdge, runSnapshot, troubledRun } from "../support/run.ts";

const codes = (...args: Parameters<typeof readiness>) => readiness(...args).reasons.map((reason) => reason.code);

test("readiness() is green for a running graph, also a degraded one", () => {
  expect(readiness(runSnapshot(), 1_000)).toEqual({ ready: true, reasons: [] });
  expect(readiness(troubledRun(), 1_000).ready).toBe(true);
});

test("readiness() is red while starting, draining and stopped", () => {
  expect(codes(runSnapshot({ state: "starting" }), 0)).toEqual(["STARTING"]);
  expect(codes(runSnapshot({ state: "draining" }), 0)).toEqual(["DRAINING"]);
  expect(codes(runSnapshot({ state: "stopped" }), 0)).toEqual(["STOPPED"]);
});

test("readiness() gives every reason at once", () => {
  expect(codes(runSnapshot({ state: "draining", status: "error" }), 0)).toEqual(["DRAINING", "FAILED"]);
});

test("readiness() is red when packets wait and nothing moved for more than 30 s", () => {
  expect(codes(troubledRun(), 30_000)).toEqual([]);
  expect(readiness(troubledRun(), 30_001).reasons).toEqual([
    { code: "STALLED", message: 'nothing moved for 30 s although 4 packets wait (4 at "person")' },
  ]);
});

test("readiness() is red when the calls of one node do not come back while packets move elsewhere", () => {
  const run = runSnapshot({ lastProgressMonotonicMs: 60_000 });
  const out = run.nodes[2]!;
  const busy = (busyMs: number) => ({ ...run, nodes: [...run.nodes.slice(0, 2), { ...out, inFlight: 1, busyMs }] });
  expect(codes(busy(30_000), 60_000)).toEqual([]);
  expect(readiness(busy(30_001), 60_000).reasons).toEqual([
    { code: "STALLED", message: 'node "out" has taken no packet for 30 s, as none of its calls came back' },
  ]);
});

test.each([
  ["its writes fail", { degraded: true }],
  ["it is full (min_free)", { full: "min_free" }],
])("readiness() is red while a durable edge takes nothing as %s", (why, changes) => {
  const run = runSnapshot();
  const stuck = { ...run, edges: [{ ...run.edges[0]!, durable: durableEdge(changes) }, run.edges[1]!] };
  expect(readiness(stuck, 0).reasons).toEqual([
    { code: "QUEUE_STUCK", message: `durable edge cam.out->person.in takes nothing: ${why}` },
  ]);
});

test("readiness() is red when the last checkpoint is older than ten intervals and 10 s, and says what is in the way", () => {
  const old = (ageMs: number) => runSnapshot({ checkpoints: checkpoints({ ageMs, trouble: "the disk is full" }) });
  expect(readiness(old(20_000), 0).ready).toBe(true);
  const message = "the last checkpoint is 20 s old: the disk is full";
  expect(readiness(old(20_001), 0).reasons).toEqual([{ code: "CHECKPOINT_OLD", message }]);
});

test("readiness() does not call a run that is over stalled", () => {
  expect(codes({ ...troubledRun(), state: "stopped" }, 86_400_000)).toEqual(["STOPPED"]);
});

test("readiness() stays green in a graph with nothing to do", () => {
  expect(readiness(runSnapshot(), 86_400_000).ready).toBe(true);
});

test("readiness() takes another stall time", () => {
  expect(codes(troubledRun(), 5_001, 5)).toEqual(["STALLED"]);
});

test("readiness() is red while all sinks outside hold their packets, and a node that holds is not called stuck", () => {
  const run = runSnapshot({ lastProgressMonotonicMs: 60_000 });
  const [source, person, out] = run.nodes;
  const after = (circuitOpen: boolean | undefined, ...more: RunSnapshot["nodes"]) => {
    const circuit = circuitOpen === undefined ? {} : { circuitOpen };
    return codes({ ...run, nodes: [source!, person!, { ...out!, ...circuit, busyMs: 31_000 }, ...more] }, 60_000);
  };
  const sink = (circuitOpen: boolean) => ({ ...out!, id: "second", isSink: true, circuitOpen });
  expect(after(undefined)).toEqual(["STALLED"]);
  expect(after(false)).toEqual(["STALLED"]);
  expect(after(true)).toEqual(["OUTSIDE_AWAY"]);
  expect(after(true, sink(false))).toEqual([]);
  expect(after(true, sink(true))).toEqual(["OUTSIDE_AWAY"]);
  // A node on the way does not count where there is an end.
  expect(after(true, { ...sink(false), isSink: false })).toEqual(["OUTSIDE_AWAY"]);
  expect(codes({ ...run, state: "stopped", nodes: [sink(true)] }, 60_000)).toEqual(["STOPPED"]);
});
