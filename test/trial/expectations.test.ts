import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { trialFolder } from "../support/trial.ts";

const folder = trialFolder(undefined, {
  "schema.json": JSON.stringify({
    type: "object",
    required: ["t"],
    properties: { t: { type: "number", maximum: 40 } },
  }),
});
afterAll(() => folder[Symbol.dispose]());

/** 20° at once, 35° and 36° after a second and two, and one that has no t. */
const GIVEN = `
given:
  station:
    - { source_id: a, payload: { t: 20 } }
    - { source_id: b, payload: { t: 35, note: x }, at: 1s }
    - { source_id: a, payload: { t: 36 }, at: 2s }
    - { source_id: c, payload: { broken: true }, at: 3s }
`;

const caseOf = (expected: string) => `${GIVEN}cases: [{ name: one, expect: ${expected} }]\n`;

/** What holds, what does not, and what is said then. */
const KINDS: Record<string, [holds: string, fails: string, message: RegExp]> = {
  "a list of packets": [
    "{ nodes: { judge.hot: [{ payload: { t: 35 } }, { source_id: a, payload: { t: 36 } }] } }",
    "{ nodes: { judge.hot: [{ payload: { t: 35 } }, { payload: { t: 37 } }] } }",
    /nodes\.judge\.hot: packet 2 of 2 differs\n {4}payload\.t: expected 37, got 36/,
  ],
  "a list that is too short": [
    "{ nodes: { judge.hot: [{}, {}] } }",
    "{ nodes: { judge.hot: [{ payload: { t: 35 } }] } }",
    /expected 1 packet, got 2\n {4}unexpected: .*"t":36/,
  ],
  "a list that is too long": [
    "{ nodes: { judge.hot: [{}, {}] } }",
    "{ nodes: { judge.hot: [{}, {}, { payload: { t: 99 } }] } }",
    /expected 3 packets, got 2\n {4}missing: .*"t":99/,
  ],
  "a key that is not there": [
    "{ nodes: { judge.hot: [{ payload: { note: x } }, {}] } }",
    "{ nodes: { judge.hot: [{}, { payload: { note: x } }] } }",
    /payload\.note: expected "x", and it is not there/,
  ],
  "exact packets": [
    "{ nodes: { judge.hot: { exactly: [{ payload: { t: 35, note: x } }, { payload: { t: 36 } }] } } }",
    "{ nodes: { judge.hot: { exactly: [{ payload: { t: 35 } }, { payload: { t: 36 } }] } } }",
    /packet 1 of 2 differs\n {4}payload\.note: is "x", and was not expected/,
  ],
  "any order": [
    "{ nodes: { judge.hot: { order: any, packets: [{ payload: { t: 36 } }, { payload: { t: 35 } }] } } }",
    "{ nodes: { judge.hot: { packets: [{ payload: { t: 36 } }, { payload: { t: 35 } }] } } }",
    /packet 1 of 2 differs/,
  ],
  "any order, of other packets": [
    "{ nodes: { judge.hot: { order: any, packets: [{}, {}] } } }",
    "{ nodes: { judge.hot: { order: any, packets: [{ payload: { t: 36 } }, { payload: { t: 1 } }] } } }",
    /of 2 packets in any order 1 did not come, and of 2 that came 1 were not expected\n {4}missing: .*\n {4}unexpected: /,
  ],
  "a count": ["{ nodes: { judge.hot: { count: 2 } } }", "{ nodes: { judge.hot: { count: 3 } } }", /expected 3, got 2/],
  "a least count": [
    "{ nodes: { judge.hot: { count: { min: 2 } } } }",
    "{ nodes: { judge.hot: { count: { min: 3 } } } }",
    /expected at least 3, got 2/,
  ],
  "a condition for every packet": [
    '{ nodes: { judge.hot: { every: "payload.t > 30" } } }',
    '{ nodes: { judge.hot: { every: ["payload.t > 30", "payload.t > 35"] } } }',
    /"payload\.t > 35" does not hold for 1 of 2 packets\n {4}packet 1: /,
  ],
  "a condition that cannot be evaluated": [
    '{ nodes: { judge.hot: { every: "has(payload.t)" } } }',
    '{ nodes: { judge.hot: { every: "payload.note == \\"x\\"" } } }',
    /packet 2: .*cannot evaluate/,
  ],
  "a condition for some packet": [
    '{ nodes: { judge.hot: { some: "payload.t == 36.0" } } }',
    '{ nodes: { judge.hot: { some: "payload.t == 37.0" } } }',
    /holds for none of 2 packets/,
  ],
  "a schema": [
    "{ nodes: { judge.hot: { schema: { required: [t] } } } }",
    "{ nodes: { judge.hot: { schema: { required: [t, note] } } } }",
    /payloads do not fit the schema\n {4}packet 2: payload must have required property 'note'/,
  ],
  "a schema in a file": [
    "{ nodes: { judge.hot: { schema: schema.json } } }",
    "{ nodes: { station: { schema: schema.json } } }",
    /packet 4: payload must have required property 't'/,
  ],
  times: [
    "{ nodes: { judge.hot: { at: [1s, 2s] } } }",
    "{ nodes: { judge.hot: { at: [1s, 2500ms] } } }",
    /expected at 1s, 2500ms, came at 1s, 2s/,
  ],
  "a stretch of time": [
    "{ nodes: { judge.hot: { within: { from: 1s, to: 2s } } } }",
    "{ nodes: { judge.hot: { within: 1500ms } } }",
    /1 of 2 packets did not come between 0s and 1500ms\n {4}packet 2 came at 2s/,
  ],
  "how many dead letters": [
    "{ dead_letters: 1 }",
    "{ dead_letters: 0 }",
    /dead_letters: expected 0, got 1\n {4}judge: /,
  ],
  "dead letters": [
    "{ dead_letters: [{ node: judge, reason: no such key, packet: { source_id: c } }] }",
    "{ dead_letters: [{ node: alarm, reason: on fire, packet: { source_id: a } }] }",
    /expected one of node alarm, got judge/,
  ],
  metrics: [
    "{ metrics: { node.judge.consumed: 4, packets.dropped_total: { max: 0 } } }",
    "{ metrics: { node.judge.consumed: { min: 5 } } }",
    /node\.judge\.consumed: expected at least 5, got 4/,
  ],
  "a metric that is not there": [
    "{ metrics: { node.judge.produced: 3 } }",
    "{ metrics: { node.judge.prodused: 3 } }",
    /no such metric; it has node\.judge\.consumed/,
  ],
  "the report": [
    "{ report: { stop_reason: end_of_input, sources: [{ emitted: 4 }] } }",
    "{ report: { sources: [{ emitted: 5 }] } }",
    /sources\[0\]\.emitted: expected 5, got 4/,
  ],
  status: ["{ status: degraded }", "{ status: ok }", /status: expected ok, got degraded/],
  "stop reason": ["{ stop_reason: end_of_input }", "{ stop_reason: signal }", /expected signal, got end_of_input/],
  "an error": ["{ status: degraded }", "{ error: disk }", /expected an error with "disk", got none/],
  stdout: ['{ stdout: "{\\"t\\":20}\\n" }', '{ stdout: "{\\"t\\":21}\\n" }', /line 1\n {4}- {"t":21}\n {4}\+ {"t":20}/],
  "what stdout contains": [
    "{ stdout: { contains: 20, lines: 1 } }".replace("20", '"20"'),
    '{ stdout: { contains: "21" } }',
    /stdout\.contains: does not contain "21"/,
  ],
  "a file": [
    '{ files: { out/alarm.jsonl: { lines: 2, contains: ["35", "36"] } } }',
    "{ files: { out/alarm.jsonl: { lines: 3 } } }",
    /files\.out\/alarm\.jsonl\.lines: expected 3, got 2/,
  ],
  "a file that is not there": [
    "{ files: { out/alarm.jsonl: { lines: 2 } } }",
    "{ files: { out/other.jsonl: { lines: 2 } } }",
    /files\.out\/other\.jsonl: the run did not write it/,
  ],
};

describe("an expectation of", () => {
  for (const [kind, [holds, fails, message]] of Object.entries(KINDS)) {
    test(`${kind} holds, or says why not and where`, async () => {
      const [good] = await folder.test(caseOf(holds));
      expect(good!.failures).toEqual([]);
      const [bad] = await folder.test(caseOf(fails));
      expect(bad!.failures.map((failure) => failure.message).join("\n")).toMatch(message);
      expect(bad!.failures[0]!.place).toMatchObject({ file: "a.test.yaml", line: 9 });
    });
  }
});

test("every fault of a case is told, not the first alone", async () => {
  const [bad] = await folder.test(caseOf("{ dead_letters: 5, status: ok, nodes: { judge.hot: { count: 9 } } }"));
  expect(bad!.failures.length).toBe(3);
});

test("requests are compared by method, address, header and body", async () => {
  using own = trialFolder(`version: 2
nodes:
  - { id: station, plugin: generate_source }
  - { id: backend, plugin: http_sink, config: { url: "http://backend.example/events" } }
edges: [{ from: station, to: backend, durable: false }]
`);
  const start = `network: [{ url: "http://backend.example/*", status: 202 }]
given: { station: [{ packet_id: p1, payload: { n: 1 } }] }
cases:\n`;
  const [good, ...bad] = await own.test(`${start}
  - { name: good, expect: { requests: [{ method: POST, url: "http://backend.example/events", node: backend, json: { n: 1 } }] } }
  - { name: number, expect: { requests: 2 } }
  - { name: body, expect: { requests: [{ json: { n: 2 } }] } }
  - { name: url, expect: { requests: [{ url: "http://other.example/" }] } }
`);
  expect(good!.failures).toEqual([]);
  expect(bad.map(({ failures }) => failures[0]!.message.replace(/\n {4}/g, " "))).toEqual([
    "requests: expected 2, got 1 POST http://backend.example/events: 202",
    "requests.0: request 1 differs json.n: expected 2, got 1",
    'requests.0: request 1 differs url: expected "http://other.example/", got "http://backend.example/events"',
  ]);
});

test("a run that fails is a failed case, unless the failure is what is expected", async () => {
  using own = trialFolder(trialGraphThatFails());
  const [plain, expecting] = await own.test(`given: { station: [{ payload: {} }] }
cases:
  - { name: plain, expect: {} }
  - { name: expecting, expect: { error: no such key, status: error } }
`);
  expect(plain!.failures[0]!.message).toContain("the run failed: ");
  expect(expecting!.failures).toEqual([]);
});

function trialGraphThatFails() {
  return `version: 2
nodes:
  - { id: station, plugin: generate_source }
  - { id: judge, plugin: filter, config: { when: "payload.t > 1" }, runtime: { on_error: fail } }
  - { id: end, plugin: null_sink }
edges: [{ from: station, to: judge }, { from: judge, to: end }]
`;
}

describe("snapshots", () => {
  const text = caseOf("{ nodes: { judge.hot: { snapshot: snap/hot.jsonl } }, stdout: { snapshot: snap/out.txt } }");

  test("are written by --update alone, hold then, and show the first line that changed", async () => {
    using own = trialFolder();
    const absent = await own.ran(text);
    expect([absent.code, absent.stdout]).toEqual([
      1,
      expect.stringContaining("snapshot snap/hot.jsonl is not there: schnitzel test --update writes it"),
    ]);
    const updated = await own.ran(text, "--update");
    expect([updated.code, updated.stdout.match(/^wrote .*/gm)?.length]).toEqual([0, 2]);
    expect(own.read("snap/out.txt")).toBe('{"t":20}\n');
    const kept = own.read("snap/hot.jsonl");
    expect((await own.ran(text)).code).toBe(0);
    const changed = await own.ran(text.replace("t: 36", "t: 37"));
    expect([changed.code, changed.stdout]).toEqual([1, expect.stringMatching(/line 2\n +- .*"t":36.*\n +\+ .*"t":37/)]);
    expect(own.read("snap/hot.jsonl")).toBe(kept);
  });

  test("are not written for a case that does not hold otherwise, and that is said", async () => {
    using own = trialFolder();
    const failing = text.replace("{ snapshot: snap/hot.jsonl }", "{ snapshot: snap/hot.jsonl, count: 7 }");
    const { code, stdout } = await own.ran(failing, "--update");
    expect([code, stdout]).toEqual([1, expect.stringContaining("snapshot snap/hot.jsonl is not written, as the case")]);
    expect([stdout.includes("wrote"), fs.existsSync(path.join(own.folder, "snap"))]).toEqual([false, false]);
  });
});
