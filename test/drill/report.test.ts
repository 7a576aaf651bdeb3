import { describe, expect, test } from "bun:test";
import { drillHtml } from "../../src/drill/html.ts";
import { ratePlot } from "../../src/drill/plot.ts";
import { type DrillResult, type FaultResult, failuresIn } from "../../src/drill/result.ts";
import { drillText } from "../../src/drill/text.ts";
import { Timeline } from "../../src/drill/timeline.ts";

const fault = (changed: Partial<FaultResult> = {}): FaultResult => ({
  fault: "kill",
  what: "kill -9",
  rounds: 100,
  seconds: 30,
  posted: 31_000,
  acknowledged: 30_000,
  delivered: 30_004,
  duplicated: 12,
  waiting: 0,
  dead: 0,
  lost: 0,
  outOfOrder: 0,
  corrupted: 0,
  lostKeys: [],
  comparesPayloads: true,
  buriesNone: false,
  told: 0,
  bound95: 0.0001,
  firstDeliveryMs: { count: 100, p50: 120, p99: 180, max: 190 },
  recoveryMs: undefined,
  caughtUpMs: undefined,
  answers: { none: 4 },
  deaths: [],
  findings: [],
  remarks: [],
  series: { bucketMs: 100, acknowledged: [1, 2], delivered: [0, 3], marks: [{ atMs: 100, what: "<kill>" }] },
  ...changed,
});

const result = (...faults: DrillResult["faults"]): DrillResult => ({
  graph: "--demo",
  seed: 7,
  startedAt: "2026-01-01T00:00:00.000Z",
  seconds: 31,
  faults,
});

const words = (rows: readonly (readonly string[])[]) => rows.map((row) => row.join("|")).join("\n");
const about = { version: "0.1.0", machine: "linux", command: "schnitzel drill --demo" };

describe("a drill's verdict", () => {
  test("is good without loss, duplicates and dead letters allowed", () => {
    expect(failuresIn(result(fault({ duplicated: 500, dead: 2 })))).toEqual([]);
  });

  test.each([
    ["a loss", { lost: 1 }, "1 acknowledged packets are lost"],
    ["a loss of which only a part was told", { lost: 3, told: 2 }, "1 acknowledged packets are lost"],
    ["a changed payload", { corrupted: 1 }, "1 deliveries are not what was sent"],
    ["a wrong order", { outOfOrder: 2 }, "2 packets came out of order"],
    ["a backlog that stays", { waiting: 3 }, "3 packets still wait"],
    ["a process that ends by itself", { deaths: [{ end: "exit code 1", lastWords: "" }] }, "exit code 1"],
    ["a dead letter without a reason", { dead: 1, buriesNone: true }, "1 packets became dead letters"],
    ["a damaged file", { findings: ["row 3: checksum"] }, "row 3: checksum"],
    ["a drill in which nothing happened", { acknowledged: 0 }, "nothing was acknowledged"],
  ] as const)("is bad for %s", (_, changed, words) => {
    expect(failuresIn(result(fault(changed)))).toEqual([expect.stringContaining(words)]);
  });

  test("is bad for a fault after which nothing could be counted", () => {
    expect(failuresIn(result({ fault: "kill", what: "", broken: "it delivered nothing" }))).toEqual([
      "kill: it delivered nothing",
    ]);
  });

  test("is not bad for damage that the fault did and the graph told", () => {
    expect(failuresIn(result(fault({ lost: 3, told: 3 })))).toEqual([]);
  });
});

describe("a drill's report", () => {
  test("as text names what was skipped and why, and how to see a failure again", () => {
    const text = drillText(result(fault({ lost: 1 }), { fault: "power_cut", what: "", skipped: "no root" }), words);
    expect(text).toContain("acknowledged|30,000");
    expect(text).toContain("first delivery p50/p99/max|120/180/190 ms");
    expect(text).toContain("skipped power_cut: no root");
    expect(text).toContain("FAILED kill: 1 acknowledged packets are lost");
    expect(text).toEndWith("Once more: --seed 7 --keep DIR\n");
  });

  test("as a page needs nothing from elsewhere, and shows text as text", () => {
    const page = drillHtml(result(fault({ remarks: ["<script>alert(1)</script>"] })), about);
    expect(page).not.toMatch(/<script|<link|<img|src=|https?:|@import/);
    expect(page).toContain("&#60;script&#62;");
    expect(page).toContain("Nothing acknowledged was lost.");
  });

  test("as a page is well-formed", async () => {
    const open: string[] = [];
    const page = drillHtml(result(fault()), about).replace(/<!doctype html>|<meta[^>]*>|<br>/g, "");
    for (const [, close, name, own] of page.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
      if (close) expect(open.pop()).toBe(name!);
      else if (!own) open.push(name!);
    }
    expect(open).toEqual([]);
  });
});

describe("a plot of rates", () => {
  test("shows packets per second, and a line with a title at each fault", () => {
    const svg = ratePlot(fault().series);
    // 3 in 100 ms are 30 per second; the axis ends at the next round number.
    expect(svg).toContain(">50</text>");
    expect(svg).toContain("<title>&#60;kill&#62;</title>");
  });

  test("draws no more points than pixels, and no point outside, for a fault of ten minutes", () => {
    const long = Array.from({ length: 6_000 }, (_, at) => at % 7);
    const svg = ratePlot({ bucketMs: 100, acknowledged: long, delivered: long, marks: [] });
    const points = [...svg.matchAll(/([\d.]+),([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    expect(points.length).toBeLessThanOrEqual(800);
    expect(points.every(([x, y]) => x >= 56 && x <= 912 && y >= 12 && y <= 192)).toBe(true);
  });

  test("is drawn for a fault in which nothing happened", () => {
    expect(ratePlot({ bucketMs: 100, acknowledged: [], delivered: [], marks: [] })).not.toContain("NaN");
  });
});

test("a timeline counts by tenths of a second, both series as long as the longer", () => {
  let nowMs = 5_000;
  const timeline = new Timeline(() => nowMs);
  timeline.acknowledged();
  nowMs += 250;
  timeline.mark("kill");
  timeline.delivered();
  expect(timeline.series()).toEqual({
    bucketMs: 100,
    acknowledged: [1, 0, 0],
    delivered: [0, 0, 1],
    marks: [{ atMs: 250, what: "kill" }],
  });
});
