import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { cli } from "../support/cli.ts";
import { TRIAL_GRAPH, trialFolder } from "../support/trial.ts";

const failures = (cases: readonly { failures: { message: string }[] }[]) =>
  cases.map((one) => one.failures.map(({ message }) => message));

const sink = (config: string) => `version: 2
name: yard
nodes:
  - { id: station, plugin: generate_source, config: { kind: sensor } }
  - { id: limit, plugin: rate_limit, config: { limit: 1, window_ms: 60000 } }
  - { id: end, plugin: ${config} }
edges: [{ from: station, to: limit }, { from: limit, to: end }]
`;

describe("time", () => {
  test("of an hour takes less than a second, and packets come when they are to", async () => {
    using own = trialFolder(sink("null_sink"));
    const startedMs = performance.now();
    const cases = await own.test(`
given: { station: { packets: [{ payload: {}, repeat: 361 }], every: 10s } }
cases: [{ name: hour, expect: { nodes: { station: { count: 361, within: 1h }, end: { count: 61 } } } }]
`);
    expect(failures(cases)).toEqual([[]]);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  test("starts where the case says, and a jump of the wall clock moves no timer", async () => {
    using own = trialFolder(sink("print_sink"));
    const cases = await own.test(`
clock:
  start: "2026-03-01T12:00:00Z"
  steps: [{ advance: 90s }, { jump: -1h }, { advance: 60s }]
given: { station: [{ payload: {} }, { payload: {}, at: 80s }, { payload: {}, at: 100s }, { payload: {}, at: 150s }] }
cases:
  - name: jump
    expect:
      nodes:
        station:
          - { ts: "2026-03-01T12:00:00.000Z" }
          - { ts: "2026-03-01T12:01:20.000Z" }
          - { ts: "2026-03-01T11:01:40.000Z" }
          - { ts: "2026-03-01T11:02:30.000Z" }
        end: { at: [0s, 80s, 150s] }
`);
    expect(failures(cases)).toEqual([[]]);
  });

  test("passes with open sources for as long as the steps say, and not beyond", async () => {
    using own = trialFolder(sink("null_sink"));
    const cases = await own.test(`
given: { station: [{ payload: {} }] }
cases:
  - { name: short, expect: { report: { duration_ms: 0 } } }
  - { name: long, clock: { steps: [{ advance: 2h }] }, expect: { report: { duration_ms: 7200000 } } }
`);
    expect(failures(cases)).toEqual([[], []]);
  });
});

describe("given", () => {
  test("are packets inline, from files and from recordings", async () => {
    using own = trialFolder(TRIAL_GRAPH, {
      "in.jsonl": `{"payload": {"t": 40}}\n\n{"payload": {"t": 41}, "source_id": "x"}\n`,
      "live.yaml": TRIAL_GRAPH.replace("kind: sensor", "count: 3").replace("generate_source", "generate_source"),
    });
    const recorded = await cli(["run", path.join(own.folder, "live.yaml"), "--record", "a.rec"], { cwd: own.folder });
    expect(recorded.code).toBe(0);
    const cases = await own.test(`
cases:
  - name: file
    given: { station: { file: in.jsonl, at: 1s, every: 2s } }
    expect: { nodes: { station: { packets: [{ payload: { t: 40 } }, { source_id: x }], at: [1s, 3s] } } }
  - name: recording
    given: { station: { recording: a.rec } }
    expect: { nodes: { station: [{ payload: { i: 0 } }, { payload: { i: 1 } }, { payload: { i: 2 } }] } }
  - name: recording of all
    recording: a.rec
    expect: { nodes: { station: { count: 3 } } }
`);
    expect(failures(cases)).toEqual([[], [], []]);
  });

  test("is asked for: no source of a test is real unless it says so", async () => {
    using own = trialFolder(TRIAL_GRAPH.replace("kind: sensor", "count: 3"));
    const refused = await own.ran("cases: [{ name: one, expect: {} }]");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("a.test.yaml:2:17 TEST_NOT_GIVEN")]);
    expect(refused.stderr).toContain('source "station" sends');
    const cases = await own.test(
      "cases: [{ name: one, allow_real: true, expect: { nodes: { station: { count: 3 } } } }]",
    );
    expect(failures(cases)).toEqual([[]]);
  });

  test("is the same with the same seed, ids included, and other ids with another", async () => {
    using own = trialFolder();
    const text = (seed: number) => `
given: { station: [{ payload: { t: 1 } }, { payload: { t: 2 } }] }
cases: [{ name: one, seed: ${seed}, expect: { nodes: { station: { snapshot: s.jsonl } } } }]
`;
    expect((await own.ran(text(1), "--update")).code).toBe(0);
    expect((await own.ran(text(1))).code).toBe(0);
    expect((await own.ran(text(2))).code).toBe(1);
  });
});

test("set, env and what the file says for all reach the graph", async () => {
  using own = trialFolder(TRIAL_GRAPH.replace("above: 30", 'above: "${ABOVE:-30}"'));
  const cases = await own.test(`
given: { station: [{ payload: { t: 20 } }] }
set: { vars.above: 25 }
cases:
  - { name: file, expect: { nodes: { judge.hot: { count: 0 } } } }
  - { name: case, set: { vars.above: 10 }, expect: { nodes: { judge.hot: { count: 1 } } } }
  - { name: env, set: { vars.above: "\${ABOVE}" }, env: { ABOVE: "5" }, expect: { nodes: { judge.hot: { count: 1 } } } }
`);
  expect(failures(cases)).toEqual([[], [], []]);
});

test("nodes are replaced by stubs that capture, pass or answer", async () => {
  using own = trialFolder();
  const cases = await own.test(`
given: { station: [{ payload: { t: 1 } }, { payload: { t: 50 } }] }
cases:
  - name: capture
    replace: { alarm: capture }
    expect: { nodes: { alarm: [{ payload: { t: 50 } }] } }
  - name: pass
    replace: { judge: pass }
    expect: { nodes: { alarm: { count: 2 }, rest: { count: 0 } } }
  - name: answers
    replace: { judge: { hot: [{ payload: { made: up }, repeat: 2 }], else: [{ kind: odd }] } }
    expect: { nodes: { alarm: [{ payload: { made: up } }, { payload: { made: up } }], rest: [{ kind: odd, payload: { t: 1 } }] } }
`);
  expect(failures(cases)).toEqual([[], [], []]);
});

describe("the outside", () => {
  const backend = `version: 2
nodes:
  - { id: station, plugin: generate_source }
  - { id: backend, plugin: http_sink, config: { url: "http://backend.example/events" }, runtime: { delivery: { max_attempts: 2 } } }
edges: [{ from: station, to: backend, durable: false }]
`;

  test("is refused with what to write instead", async () => {
    using own = trialFolder(backend);
    const [one] = await own.test(
      "given: { station: [{ payload: {} }] }\ncases: [{ name: one, expect: { dead_letters: 0 } }]",
    );
    expect(one!.failures[0]!.message).toContain(
      'a test reaches no network: nothing answers POST http://backend.example/events; add { url: "http://backend.example/events" }',
    );
  });

  test("answers as the file says, the first that fits, as often as it says", async () => {
    using own = trialFolder(backend);
    const cases = await own.test(`
network: [{ url: "*/events", status: 503, times: 2 }, { url: "http://backend.example/*", method: POST, json: { ok: true } }]
given: { station: [{ payload: { n: 1 } }] }
cases: [{ name: one, expect: { requests: 3, dead_letters: 0, nodes: { backend: { count: 1 } } } }]
`);
    expect(failures(cases)).toEqual([[]]);
  });

  test("of the disk is a folder that goes: nothing is written, old output is not there, input is", async () => {
    using own = trialFolder(TRIAL_GRAPH, { "out/alarm.jsonl": "old\n" });
    const cases = await own.test(`
given: { station: [{ payload: { t: 50 } }] }
cases: [{ name: one, expect: { files: { out/alarm.jsonl: { lines: 1 } } } }]
`);
    expect([failures(cases), own.read("out/alarm.jsonl")]).toEqual([[[]], "old\n"]);
    expect(fs.readdirSync(own.folder).sort()).toEqual(["a.test.yaml", "graph.yaml", "out"]);
  });
});

test("what a source would do for the node behind it, that node does when packets are given in its place", async () => {
  using own = trialFolder(`version: 2
name: seen
nodes:
  - { id: cam, plugin: video_file, config: { path: yard.mp4 } }
  - { id: some, plugin: sample, config: { every: 4 } }
  - { id: out, plugin: null_sink }
edges: [{ from: cam, to: some }, { from: some, to: out }]
`);
  const frame = "{ kind: frame, payload: {}, repeat: 8 }";
  const [one] = await own.test(
    `cases: [{ name: one, given: { cam: [${frame}] }, expect: { nodes: { out: { count: 2 } } } }]\n`,
  );
  expect(one!.failures).toEqual([]);
});

describe("faults", () => {
  const durable = `version: 2
name: kept
nodes:
  - { id: station, plugin: generate_source }
  - { id: mark, plugin: map, config: { ops: [{ set: seen, value: true }] } }
  - { id: end, plugin: jsonl_sink, config: { path: out.jsonl } }
edges: [{ from: station, to: mark }, { from: mark, to: end, durable: true }]
`;
  const given = "given: { station: { packets: [{ payload: { i: 0 }, repeat: 50 }], every: 10ms } }\n";

  test("a crash kills the graph in the middle, and it goes on with what is on the disk", async () => {
    using own = trialFolder(durable);
    const crash = (fault: string) =>
      `  - { name: "${fault}", faults: { crash_after: ${fault} }, expect: { nodes: { end: { count: { min: 50 } } }, status: ok } }\n`;
    const kills = [
      "{ packets: 0 }",
      "{ packets: 1 }",
      "{ packets: 50 }",
      "{ time: 255ms }",
      "[{ packets: 20 }, { packets: 20 }, { time: 3s }]",
    ];
    const cases = await own.test(`${given}cases:\n${kills.slice(0, 4).map(crash).join("")}`);
    expect(failures(cases)).toEqual([[], [], [], []]);
    const [several] = await own.test(`${given}cases:\n${crash(kills[4]!)}`);
    expect(several!.failures[0]!.message).toBe("faults.crash_after: the run had ended before its crash 3 came");
  });

  test("a crash loses what nothing keeps: state in memory, lines that were not written", async () => {
    const plain = durable.replace(", durable: true", "").replace("path: out.jsonl", "path: out.jsonl, flush_ms: 60000");
    using own = trialFolder(
      plain.replace(
        "map, config: { ops: [{ set: seen, value: true }] }",
        "dedup, config: { key: payload.i, window_sec: 3600 }",
      ),
    );
    const [undisturbed, crashed] = await own.test(`${given}cases:
  - { name: undisturbed, expect: { nodes: { mark: { count: 1 } } } }
  - { name: crashed, faults: { crash_after: { packets: 25 } }, expect: { nodes: { mark: { count: 2 } } } }
`);
    expect([undisturbed!.failures, crashed!.failures]).toEqual([[], []]);
  });

  test("a sink that is down gets everything later, or its packets are set aside", async () => {
    using own = trialFolder(durable);
    const cases = await own.test(`${given}cases:
  - name: later
    faults: { sink_down: { node: end, from: 100ms, to: 10m } }
    expect: { nodes: { end: { count: { min: 50 } } }, files: { out.jsonl: { lines: 50 } }, dead_letters: 0 }
`);
    expect(failures(cases)).toEqual([[]]);
  });

  test("a full disk fails writes and refuses rows, until there is room", async () => {
    using own = trialFolder(durable);
    const cases = await own.test(`${given}cases:
  - name: for a while
    faults: { disk_full_after: { time: 200ms, until: 30s } }
    expect: { files: { out.jsonl: { lines: 50 } } }
  - name: for ever
    faults: { disk_full_after: { bytes: 1000 } }
    expect: { files: { out.jsonl: { lines: 50 } } }
`);
    expect(cases.map(({ ok }) => ok)).toEqual([true, false]);
  });

  test("a disk that stays full ends the case when nothing has moved for ten minutes, as a person would", async () => {
    using own = trialFolder(durable);
    const cases = await own.test(`${given}cases:
  - name: stopped
    faults: { disk_full_after: { time: 200ms } }
    expect: { nodes: { end: { count: { min: 10, max: 30 } } }, stop_reason: signal }
`);
    expect(failures(cases)).toEqual([[]]);
  });

  test("a state that is kept survives a crash, and the same aggregates come of it", async () => {
    using own = trialFolder(`version: 2
name: windows
nodes:
  - { id: station, plugin: generate_source }
  - { id: minute, plugin: window_aggregate, config: { window: { type: tumbling, size: 1m }, aggregates: { n: { fn: count } } } }
  - { id: end, plugin: print_sink, config: { format: payload } }
edges: [{ from: station, to: minute, durable: true }, { from: minute, to: end }]
`);
    const results = async (faults: string) => {
      const one = `  - { name: one, faults: ${faults}, expect: { stdout: { snapshot: s.txt } } }\n`;
      const text = `given: { station: { packets: [{ payload: { v: 1 }, repeat: 300 }], every: 1s } }\ncases:\n${one}`;
      expect(await own.ran(text, "--update")).toMatchObject({ code: 0, stderr: "" });
      // What was told before the crash may be told again.
      return [...new Set(own.read("s.txt").trimEnd().split("\n"))].sort();
    };
    const undisturbed = await results("{}");
    expect(undisturbed.map((line) => JSON.parse(line).n)).toEqual([60, 60, 60, 60, 60]);
    for (const crash of ["{ time: 90s }", "{ packets: 200 }", "[{ time: 61s }, { time: 150s }, { packets: 10 }]"]) {
      expect(await results(`{ crash_after: ${crash} }`)).toEqual(undisturbed);
    }
  });
});

describe("a bad test file", () => {
  const good = "given: { station: [{ payload: { t: 1 } }] }\ncases:\n  - { name: one, expect: {} }\n";

  test.each([
    ["an unknown key", good.replace("expect: {}", "expcet: {}"), "4:18 UNKNOWN_KEY", 'did you mean "expect"?'],
    [
      "an unknown expectation",
      good.replace("expect: {}", "expect: { nods: {} }"),
      "4:28 UNKNOWN_KEY",
      'did you mean "nodes"?',
    ],
    [
      "an unknown node",
      good.replace("expect: {}", "expect: { nodes: { jugde: [] } }"),
      "4:37 UNKNOWN_NODE",
      'did you mean "judge"?',
    ],
    [
      "an unknown port",
      good.replace("expect: {}", "expect: { nodes: { judge.hit: [] } }"),
      "4:37 UNKNOWN_PORT",
      'did you mean "judge.hot"?',
    ],
    ["an unknown source", good.replace("station", "statoin"), "2:10 UNKNOWN_NODE", 'did you mean "station"?'],
    [
      "a stub of a node that is not there",
      `replace: { alarn: capture }\n${good}`,
      "2:12 UNKNOWN_NODE",
      'did you mean "alarm"?',
    ],
    [
      "a reason to end that no run has",
      good.replace("{}", "{ stop_reason: end_of_imput }"),
      "4:41 TEST_VALUE",
      'did you mean "end_of_input"?',
    ],
    [
      "a dead letter of a node that is not there",
      good.replace("{}", "{ dead_letters: [{ node: alrm }] }"),
      "4:51 UNKNOWN_NODE",
      'did you mean "alarm"?',
    ],
    [
      "a request of a node that is not there",
      good.replace("{}", "{ requests: [{ node: nobody }] }"),
      "4:47 UNKNOWN_NODE",
      "there are station, judge, alarm, rest",
    ],
    [
      "a number of a node that is not there",
      good.replace("{}", "{ metrics: { node.alram.consumed: 1 } }"),
      "4:39 UNKNOWN_NODE",
      'did you mean "alarm"?',
    ],
    [
      "a kind that a source does not send",
      good.replace("payload", "kind: sensr, payload"),
      "2:28 TEST_VALUE",
      'did you mean "sensor"?',
    ],
    [
      "a kind that does not pass a port",
      good.replace("{}", "{ nodes: { station: { packets: [{ kind: event }] } } }"),
      "4:66 TEST_VALUE",
      "there is sensor",
    ],
    ["a stub of a source", `replace: { station: pass }\n${good}`, "2:12 TEST_VALUE", "under given:"],
    ["a stub with another port", `replace: { judge: { cold: [] } }\n${good}`, "2:21 UNKNOWN_NODE", "output port"],
    [
      "a fault at an unknown node",
      good.replace("expect", "faults: { sink_down: { node: x, to: 1s } }, expect"),
      "UNKNOWN_NODE",
      "no node",
    ],
    [
      "a crash without a time",
      good.replace("expect", "faults: { crash_after: {} }, expect"),
      "TEST_VALUE",
      "one of packets and time",
    ],
    [
      "an outage that ends before it begins",
      good.replace("expect", "faults: { sink_down: { node: judge, from: 10s, to: 3s } }, expect"),
      "TEST_VALUE",
      "never happens: it lasts from 10 s to 3 s",
    ],
    [
      "an outage of a source",
      good.replace("expect", "faults: { sink_down: [{ node: station, to: 3s }] }, expect"),
      "TEST_VALUE",
      "nothing is sent to a source",
    ],
    [
      "a full disk without a beginning",
      good.replace("expect", "faults: { disk_full_after: { until: 3s } }, expect"),
      "TEST_VALUE",
      "one of bytes and time",
    ],
    [
      "a full disk with two beginnings",
      good.replace("expect", "faults: { disk_full_after: { bytes: 9, time: 3s } }, expect"),
      "TEST_VALUE",
      "one of bytes and time",
    ],
    [
      "a full disk that ends before it begins",
      good.replace("expect", "faults: { disk_full_after: { time: 3s, until: 1s } }, expect"),
      "TEST_VALUE",
      "never happens: it lasts from 3 s to 1 s",
    ],
    [
      "a time between two that are the wrong way round",
      good.replace("{}", "{ nodes: { judge: { within: { from: 5s, to: 1s } } } }"),
      "TEST_VALUE",
      "nothing comes between 5 s and 1 s",
    ],
    [
      "a condition",
      good.replace("{}", '{ nodes: { judge: { every: "payload.t >" } } }'),
      "TEST_VALUE",
      "not valid CEL",
    ],
    [
      "a schema",
      good.replace("{}", "{ nodes: { judge: { schema: { type: nmber } } } }"),
      "TEST_VALUE",
      "the schema cannot be used",
    ],
    ["a time", `clock: { start: noon }\n${good}`, "2:17 BAD_SHAPE", "ISO-8601"],
    ["a length of time", good.replace("payload", "at: soon, payload"), "BAD_SHAPE", "250ms, 10s or 1h"],
    ["a recording that is none", `recording: graph.yaml\n${good}`, "2:12 TEST_VALUE", "as a recording"],
    ["two cases of one name", `${good}  - { name: one, expect: {} }\n`, "5:13 TEST_VALUE", "another one has its name"],
    ["no case", "cases: []\n", "BAD_SHAPE", ""],
    ["something that is no YAML", "cases: [", "YAML_SYNTAX", ""],
    ["a --set that the graph refuses", `set: { vars.abov: 1 }\n${good}`, "SET_UNKNOWN_PATH", ""],
  ])("with %s is refused, with place and way out", async (_, text, place, hint) => {
    using own = trialFolder();
    const { code, stdout, stderr } = await own.ran(text);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(place);
    expect(stderr).toContain(hint);
  });

  test("of a graph with an error shows that error, once", async () => {
    using own = trialFolder(TRIAL_GRAPH.replace("jsonl_sink", "jsnl_sink"));
    const { code, stderr } = await own.ran(`${good}  - { name: two, expect: {} }\n`);
    expect([code, stderr.match(/UNKNOWN_PLUGIN/g)?.length]).toEqual([2, 1]);
  });

  test("of a graph that is not there names the place", async () => {
    using own = trialFolder();
    fs.rmSync(path.join(own.folder, "graph.yaml"));
    const { code, stderr } = await own.ran(good);
    expect([code, stderr]).toEqual([2, expect.stringContaining("a.test.yaml:1:8 FILE_NOT_FOUND")]);
  });
});
