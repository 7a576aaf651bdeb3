import { expect, test } from "bun:test";
import { dedupPolicy } from "../../../src/nodes/vision/dedup_policy.ts";
import { awaited } from "../../support/awaited.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const PREDECESSOR = { time: "wall", severity_change: "any" };

interface Seen {
  at: number;
  severity?: string | null;
  track_id?: unknown;
  camera_id?: string;
  event_type?: string;
}

/** `HIGH2` is an event of severity HIGH at second 2. */
const parse = (text: string): Seen => {
  const [, severity, at] = /^([A-Z]*)([\d.]+)$/.exec(text)!;
  return { at: Number(at), ...(severity ? { severity } : {}) };
};

/** One letter per event: y passed, n suppressed. The clock and the events' own times go together. */
async function verdicts(config: Record<string, unknown>, events: readonly (string | Seen)[]) {
  const { process, emitted, node, context } = startNode(dedupPolicy, config);
  let nowSec = 0;
  for (const item of events) {
    const { at, ...fields } = typeof item === "string" ? parse(item) : item;
    if (at > nowSec) context.clock.advance((at - nowSec) * 1_000);
    nowSec = Math.max(nowSec, at);
    const ts = new Date(Date.UTC(2026, 0, 1) + at * 1_000).toISOString();
    const payload = { camera_id: "cam01", event_type: "ZONE_INTRUSION", track_id: 1, ...fields };
    await process(packet({ kind: "event", ts, payload }));
  }
  return { text: emitted.map(({ port }) => (port === "out" ? "y" : "n")).join(""), metrics: node.metrics!() };
}

const MEASURED = ["LOW0", "LOW1", "HIGH2", "HIGH3", "LOW4", "HIGH5", "HIGH9.9", "HIGH15"];

test("dedup_policy by wall time and any change gives the predecessor's sequence", async () => {
  expect((await verdicts(PREDECESSOR, MEASURED)).text).toBe("ynynyyny");
});

test("dedup_policy by default lets only a rise of severity end the silence", async () => {
  expect((await verdicts({}, MEASURED)).text).toBe("ynynnnny");
});

test.each([PREDECESSOR, {}])("dedup_policy passes an event exactly cooldown_sec later (%j)", async (config) => {
  expect((await verdicts(config, ["LOW0", "LOW9.999", "LOW10"])).text).toBe("yny");
});

test.each([PREDECESSOR, {}])("dedup_policy compares a severity only once one was stored (%j)", async (config) => {
  expect((await verdicts(config, ["0", "LOW1", "LOW10", "HIGH11"])).text).toBe("ynyy");
});

test.each([PREDECESSOR, {}])(
  "dedup_policy keeps a stored severity through an event without one (%j)",
  async (config) => {
    expect((await verdicts(config, ["LOW0", "10", "HIGH11"])).text).toBe("yyy");
  },
);

test.each([0, -1])("dedup_policy with cooldown_sec %d passes everything", async (cooldown_sec) => {
  expect((await verdicts({ cooldown_sec }, ["LOW0", "LOW0", "LOW0"])).text).toBe("yyy");
});

test("dedup_policy takes track 0 for a track, and null for none", async () => {
  const events = [
    { at: 0, track_id: 0 },
    { at: 0, track_id: null },
    { at: 0, track_id: "na" },
    { at: 0, track_id: 0 },
  ];
  expect((await verdicts({}, events)).text).toBe("yynn");
});

test("dedup_policy always passes an event without camera or type, and remembers nothing", async () => {
  const events = [
    { at: 0, camera_id: "" },
    { at: 0, camera_id: "" },
    { at: 0, event_type: "" },
    { at: 0, event_type: "" },
  ];
  const { text, metrics } = await verdicts({}, events);
  expect(text).toBe("yyyy");
  expect(metrics).toEqual({ accepted_total: 4, dropped_total: 0, keys: 0, keys_evicted_total: 0 });
});

test("dedup_policy by event time gives a fast replay the same result as the live run", async () => {
  const { process, emitted } = startNode(dedupPolicy);
  for (const second of [0, 5, 10]) {
    const payload = { camera_id: "c", event_type: "e", track_id: 1 };
    await process(packet({ kind: "event", ts: `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`, payload }));
  }
  expect(emitted.map(({ port }) => port)).toEqual(["out", "suppressed", "out"]);
});

test("dedup_policy suppresses an older event within the cooldown and passes one that is older still", async () => {
  expect((await verdicts({}, ["LOW100", "LOW95", "LOW80", "LOW105"])).text).toBe("ynyn");
});

test("dedup_policy does not let an older event of higher severity shorten the silence", async () => {
  expect((await verdicts({}, ["LOW100", "HIGH80", "HIGH101"])).text).toBe("yyn");
});

test("dedup_policy takes any change of a severity outside the protocol for news", async () => {
  expect((await verdicts({}, ["ODD0", "WEIRD1", "ODD2"])).text).toBe("yyy");
});

test("dedup_policy forgets the object accepted longest ago when there are too many", async () => {
  const events = [1, 2, 3, 1].map((track_id) => ({ at: 0, track_id }));
  const { text, metrics } = await verdicts({ max_keys: 2 }, events);
  expect(text).toBe("yyyy");
  expect(metrics).toMatchObject({ keys: 2, keys_evicted_total: 2 });
});

test("dedup_policy fails on a payload that is no map", async () => {
  await expect(startNode(dedupPolicy).process(packet({ kind: "event", payload: [] }))).rejects.toThrow("got a list");
});

test("dedup_policy goes on after a restart where its snapshot left off", async () => {
  const event = packet({ kind: "event", payload: { camera_id: "c", event_type: "e", track_id: 1, severity: "LOW" } });
  const before = startNode(dedupPolicy);
  await before.process(event);
  const after = startNode(dedupPolicy);
  after.node.restore!(JSON.parse(JSON.stringify(before.node.snapshot!())));
  await after.process(event);
  expect(after.emitted.map(({ port }) => port)).toEqual(["suppressed"]);
});

test("dedup_policy answers a repeat with the event that passed, and forgets the object when that fails", async () => {
  const { context, ends, done, fail } = awaited(testContext());
  const { process, emitted, node } = startNode(dedupPolicy, {}, context);
  const event = () => process(packet({ kind: "event", payload: { camera_id: "cam01", event_type: "FIRE" } }));
  for (let times = 0; times < 2; times++) await event();
  done(1);
  expect([ends, node.snapshot!()]).toEqual([[], []]);
  fail(0);
  expect(ends).toEqual(["failed 1", "failed 0"]);
  for (let times = 0; times < 2; times++) await event();
  done(2);
  done(3);
  expect(emitted.map(({ port }) => port)).toEqual(["out", "suppressed", "out", "suppressed"]);
  expect([ends.slice(2), node.metrics!().keys]).toEqual([["done 2", "done 3"], 1]);
});
