import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { passThrough } from "../support/plugins.ts";

// What time, keys and states of nodes are spoilt with, through the binary. Nodes and engine have their own tests of each.

const graph = (window: string, map = "") => `version: 2
name: spoilt
event_time: { max_delay: 0s }
nodes:
  - { id: in, plugin: stdin_source, config: { format: jsonl, kind: sensor, ts_field: t, source_id_field: from } }
  - { id: made, plugin: map, config: { ops: [${map}] } }
  - { id: sum, plugin: window_aggregate, config: { ${window} } }
  - { id: show, plugin: print_sink, config: { format: payload } }
  - { id: late, plugin: print_sink, config: { format: payload, prefix: "late " } }
  - { id: refused, plugin: null_sink }
edges:
  - { from: in, to: made }
  - { from: made, to: sum }
  - { from: sum, to: show }
  - { from: sum.late, to: late }
  - { from: sum.refused, to: refused }
`;
const MINUTE = "window: { type: tumbling, size: 1m }, key: k";
const NO_CHANGE = "{ set: seen, value: true }";

/** What came out of a run over these lines: windows as `start count`, late packets as they are, and the report. */
async function spoilt(text: string, lines: readonly Record<string, unknown>[]) {
  using folder = folderWith({ "g.yaml": text });
  const stdin = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const { code, stdout } = await run(["run", "g.yaml", "--report-json"], { cwd: folder.folder, stdin });
  const printed = stdout.trimEnd().split("\n");
  const report = JSON.parse(printed.pop()!);
  const isLate = (line: string) => line.startsWith("late ");
  const windows = printed.filter((line) => !isLate(line)).map((line) => JSON.parse(line));
  const late = printed.filter(isLate).map((line) => JSON.parse(line.slice(5)));
  return { code, report, windows, late, counts: windows.map(({ window, count }) => `${window.start} ${count}`) };
}

const at = (t: string, from = "s") => ({ t, from, k: "k" });

describe("event time", () => {
  test("of a clock that jumps back an hour makes its packets late, and nothing else", async () => {
    const times = ["10:00:00", "10:01:30", "09:01:30", "09:01:40", "10:01:40"];
    const { code, report, counts, late } = await spoilt(
      graph(MINUTE, NO_CHANGE),
      times.map((time) => at(`2026-05-01T${time}Z`)),
    );
    expect([code, report.status, counts]).toEqual([
      0,
      "ok",
      ["2026-05-01T10:00:00.000Z 1", "2026-05-01T10:01:00.000Z 2"],
    ]);
    expect(late.map(({ t }) => t)).toEqual(["2026-05-01T09:01:30Z", "2026-05-01T09:01:40Z"]);
  });

  test("of 1970 and 2099 is counted where it is, and makes no other late", async () => {
    const { code, report, counts, late } = await spoilt(graph(MINUTE, NO_CHANGE), [
      at("2099-01-01T00:00:00Z", "ahead"),
      at("1970-01-01T00:00:00Z", "never set"),
      at("2026-05-01T10:00:00Z"),
      at("2026-05-01T10:00:10Z"),
      at("2099-01-01T00:00:10Z", "ahead"),
    ]);
    expect([code, report.status, late]).toEqual([0, "ok", []]);
    expect(counts).toEqual(["1970-01-01T00:00:00.000Z 1", "2026-05-01T10:00:00.000Z 2", "2099-01-01T00:00:00.000Z 2"]);
    expect(JSON.stringify(report)).toMatch(/event_time_ahead[a-z_]*":2/);
  });

  test("that is missing or no time is a dead letter with its reason, and the rest is counted", async () => {
    const { code, report, counts } = await spoilt(graph(MINUTE, NO_CHANGE), [
      at("2026-05-01T10:00:00Z"),
      { from: "s", k: "k" },
      at("yesterday"),
      at(""),
      at("2026-05-01 10:00:20 pm"),
      at("2026-05-01T10:00:30Z"),
    ]);
    expect([code, report.status, report.dead_letters.total, counts]).toEqual([
      0,
      "degraded",
      4,
      ["2026-05-01T10:00:00.000Z 2"],
    ]);
    for (const { reason } of report.dead_letters.first) expect(reason).toContain("ISO-8601");
  });
});

test("keys without end are refused beyond the bound, and counted", async () => {
  const lines = Array.from({ length: 1_000 }, (_, k) => ({ ...at("2026-05-01T10:00:00Z"), k }));
  const { report, windows } = await spoilt(graph(`${MINUTE}, max_keys: 10`, NO_CHANGE), lines);
  expect([windows.length, report.status]).toEqual([10, "ok"]);
  expect(report.node_metrics.sum).toMatchObject({ refused_total: 990 });
});

test("what is no number is left out of an aggregate and counted, NaN among it", async () => {
  const aggregates =
    "aggregates: { mean: { fn: mean, of: v }, max: { fn: max, of: v }, p50: { fn: percentile, of: v, p: 50 } }";
  const lines = [
    { a: 6, b: 2 },
    { a: 0, b: 0 },
    { a: 1, b: 0 },
    { a: 10, b: 2 },
  ].map((numbers) => ({ ...at("2026-05-01T10:00:00Z"), ...numbers }));
  const { report, windows } = await spoilt(
    graph(`${MINUTE}, ${aggregates}`, '{ set: v, cel: "double(payload.a) / double(payload.b)" }'),
    [...lines, { ...lines[0]!, a: 8 }],
  );
  // 0/0 is NaN and 1/0 Infinity.
  expect([report.status, report.dead_letters.total]).toEqual(["ok", 0]);
  expect(windows).toEqual([expect.objectContaining({ count: 5, mean: 4, max: 5, p50: 4, skipped: 2 })]);
});

test.each([
  ["longer than a year", "window: { type: tumbling, size: 400d }", "366"],
  ["so often that a packet is in too many", "window: { type: hopping, size: 30d, hop: 1s }", "1,000"],
  ["of too many packets", "window: { type: count, size: 2000000 }", "1,000,000"],
])("a window %s is refused before anything runs", async (_, window, bound) => {
  using folder = folderWith({ "g.yaml": graph(window, NO_CHANGE) });
  const { code, stderr } = await run(["run", "g.yaml"], { cwd: folder.folder });
  expect([code, stderr]).toEqual([2, expect.stringContaining("g.yaml:7:")]);
  expect(stderr.replace(/(\d)(?=(\d{3})+(?!\d))/g, "$1,")).toContain(bound);
});

describe("a state of an earlier run", () => {
  const kept = (node: string) => `version: 2
name: kept
checkpoint: { interval: 20ms }
nodes:
  - { id: ticks, plugin: generate_source, config: { rate: 1000 } }
  - { id: day, ${node} }
  - { id: end, plugin: null_sink }
edges:
  - { from: ticks, to: day, durable: true }
  - { from: day, to: end }
`;
  const DAY = "plugin: window_aggregate, config: { window: { type: tumbling, size: 1d } }";
  const STATE = "state/kept/state.sqlite3";

  async function life(folder: string) {
    const ran = await run(["run", "g.yaml", "--state-dir", "state", "--max-packets", "5", "--report-json"], {
      cwd: folder,
    });
    return { ...ran, report: JSON.parse(ran.stdout) };
  }

  test("that is truncated is moved aside, which is said, and the graph begins anew", async () => {
    using folder = folderWith({ "g.yaml": kept(DAY) });
    await life(folder.folder);
    fs.truncateSync(folder.at(STATE), 6_000);
    const { code, stderr, report } = await life(folder.folder);
    expect([code, report.checkpoints.restored]).toEqual([0, 0]);
    expect(stderr).toContain("the nodes of the graph begin without their state");
    expect(fs.readdirSync(folder.at("state/kept")).join()).toContain("state.sqlite3.corrupt-");
  });

  test("of other windows is dropped, which is said", async () => {
    using folder = folderWith({ "g.yaml": kept(DAY) });
    await life(folder.folder);
    fs.writeFileSync(folder.at("g.yaml"), kept(DAY).replace("1d", "2d"));
    const { code, report } = await life(folder.folder);
    expect([code, report.checkpoints.dropped]).toEqual([
      0,
      [{ part: "node day", reason: expect.stringContaining("window, key or aggregates have been changed") }],
    ]);
  });

  test("of another version of its node is dropped, which is said", async () => {
    const counting = (version: number) =>
      passThrough()
        .replace("defineNode({", `defineNode({ stateVersion: ${version},`)
        .replace(
          /create\b[\s\S]*$/,
          "create: () => { let n = 0; return { process(p, emit) { n += 1; emit.out(p); }, snapshot: () => n, restore(s) { n = s; } }; } });\n",
        );
    using folder = folderWith({ "g.yaml": kept("plugin: one:Pass"), "plugins/one.ts": counting(1) });
    const lock = () => run(["plugin", "lock", "plugins"], { cwd: folder.folder });
    await lock();
    expect((await life(folder.folder)).report.checkpoints.taken).toBeGreaterThan(0);
    fs.writeFileSync(folder.at("plugins/one.ts"), counting(2));
    await lock();
    const { code, report } = await life(folder.folder);
    expect([code, report.checkpoints.dropped]).toEqual([
      0,
      [{ part: "node day", reason: "it is of version 1, and this pass reads version 2" }],
    ]);
  });
});

test("a test file with unknown keys is an error with the place and the word that was meant, and nothing runs", async () => {
  const file = "graph: g.yaml\ngiven: { in: [] }\ncases: [{ name: one, expcet: {} }]\nfautls: {}\n";
  using folder = folderWith({ "g.yaml": graph(MINUTE, NO_CHANGE), "a.test.yaml": file });
  const { code, stdout, stderr } = await run(["test", "a.test.yaml"], { cwd: folder.folder });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("a.test.yaml:3:22 UNKNOWN_KEY");
  expect(stderr).toContain('did you mean "expect"?');
  expect(stderr).toContain("a.test.yaml:4:1 UNKNOWN_KEY");
});
