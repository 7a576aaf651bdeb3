import * as v from "valibot";
import { DURATION, durationMs } from "../../base/duration.ts";
import { parseIsoMs } from "../../packet/index.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const map = v.record(v.string(), v.unknown());
const file = v.pipe(v.string(), v.minLength(1));

/** A length of time, in milliseconds. */
const time = v.pipe(v.string(), v.regex(DURATION, "must be a time such as 250ms, 10s or 1h"), v.transform(durationMs));

/** As {@link time}, also backwards. */
const shift = v.pipe(
  v.string(),
  v.regex(/^[+-]?\d+(?:\.\d+)?(?:ms|s|m|h|d)$/, "must be a time such as -1h or 10s"),
  v.transform((text) => (text.startsWith("-") ? -1 : 1) * durationMs(text.replace(/^[+-]/, ""))),
);

const instant = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(parseIsoMs(text)), "must be an ISO-8601 time such as 2026-01-01T06:00:00Z"),
  v.transform(parseIsoMs),
);

/** Fields of a packet, in a list that is given or expected. */
const fields = {
  packet_id: v.optional(v.string()),
  ts: v.optional(v.string()),
  kind: v.optional(v.string()),
  source_id: v.optional(v.string()),
  payload: v.optional(v.unknown()),
  meta: v.optional(map),
};

/** A packet that a source sends: `at` so long after the start, and `repeat` times, one `every` so long. */
const givenPacket = v.strictObject({
  ...fields,
  at: v.optional(time),
  repeat: v.optional(v.pipe(count, v.minValue(1), v.maxValue(1_000_000))),
  every: v.optional(time),
});

/** Exactly one of packets, file and recording. */
const givenFrom = v.strictObject({
  packets: v.optional(v.array(givenPacket)),
  file: v.optional(file),
  recording: v.optional(file),
  /** Of a recording: the source it was recorded from. */
  node: v.optional(v.string()),
  /** Time of the first packet, and between two. */
  at: v.optional(time),
  every: v.optional(time),
});

const given = v.record(v.string(), v.union([v.array(givenPacket), givenFrom]));

const clock = v.strictObject({
  start: v.optional(instant),
  /** Time that passes with open sources, and jumps of the wall clock. */
  steps: v.optional(v.array(v.union([v.strictObject({ advance: time }), v.strictObject({ jump: shift })]))),
});

const expectedPacket = v.strictObject(fields);

const amount = v.union([count, v.strictObject({ min: v.optional(count), max: v.optional(count) })]);

const texts = v.union([v.string(), v.array(v.string())]);

const port = v.strictObject({
  /** These packets, all of them; of payload and meta only the keys that are written. */
  packets: v.optional(v.array(expectedPacket)),
  /** As packets, with nothing else in payload and meta. */
  exactly: v.optional(v.array(expectedPacket)),
  order: v.optional(v.picklist(["given", "any"])),
  count: v.optional(amount),
  every: v.optional(texts),
  some: v.optional(texts),
  schema: v.optional(v.union([file, map])),
  at: v.optional(v.array(time)),
  within: v.optional(v.union([time, v.strictObject({ from: v.optional(time), to: v.optional(time) })])),
  snapshot: v.optional(file),
});

const letter = v.strictObject({
  node: v.optional(v.string()),
  reason: v.optional(v.string()),
  packet: v.optional(expectedPacket),
});

const request = v.strictObject({
  node: v.optional(v.string()),
  method: v.optional(v.string()),
  url: v.optional(v.string()),
  headers: v.optional(v.record(v.string(), v.string())),
  body: v.optional(v.string()),
  json: v.optional(v.unknown()),
});

const text = v.strictObject({
  contains: v.optional(texts),
  lines: v.optional(count),
  snapshot: v.optional(file),
});

const expected = v.strictObject({
  nodes: v.optional(v.record(v.string(), v.union([v.array(expectedPacket), port]))),
  dead_letters: v.optional(v.union([count, v.array(letter)])),
  requests: v.optional(v.union([count, v.array(request)])),
  metrics: v.optional(
    v.record(
      v.string(),
      v.union([v.number(), v.strictObject({ min: v.optional(v.number()), max: v.optional(v.number()) })]),
    ),
  ),
  report: v.optional(map),
  status: v.optional(v.picklist(["ok", "degraded", "error"])),
  stop_reason: v.optional(v.string()),
  error: v.optional(v.string()),
  stdout: v.optional(v.union([v.string(), text])),
  files: v.optional(v.record(v.string(), v.union([v.string(), text]))),
});

/** One answer for requests whose address fits; `*` is anything. */
const answer = v.strictObject({
  url: v.string(),
  method: v.optional(v.string()),
  status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599)), 200),
  headers: v.optional(v.record(v.string(), v.string())),
  body: v.optional(v.string()),
  json: v.optional(v.unknown()),
  /** Answers so many requests; the next answer of the list that fits has the rest. */
  times: v.optional(count),
});

const stub = v.union([v.picklist(["capture", "pass"]), v.record(v.string(), v.array(givenPacket))]);

const crash = v.strictObject({
  packets: v.optional(count),
  time: v.optional(time),
  /** How long it is down. */
  down: v.optional(time, "1s"),
});

const faults = v.strictObject({
  crash_after: v.optional(v.union([v.array(crash), crash])),
  disk_full_after: v.optional(
    v.strictObject({ bytes: v.optional(count), time: v.optional(time), until: v.optional(time) }),
  ),
  sink_down: v.optional(
    v.union([
      v.array(v.strictObject({ node: v.string(), from: v.optional(time, "0s"), to: time })),
      v.strictObject({ node: v.string(), from: v.optional(time, "0s"), to: time }),
    ]),
  ),
});

/** What a case may say, and what the file may say for all of them. */
const shared = {
  set: v.optional(map),
  env: v.optional(v.record(v.string(), v.string())),
  profile: v.optional(v.string()),
  seed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  allow_real: v.optional(v.boolean()),
  clock: v.optional(clock),
  given: v.optional(given),
  recording: v.optional(file),
  replace: v.optional(v.record(v.string(), stub)),
  network: v.optional(v.union([v.literal("real"), v.array(answer)])),
  max_packets: v.optional(count),
};

const testCase = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  ...shared,
  faults: v.optional(faults),
  expect: expected,
});

/** A `*.test.yaml` file. */
export const testFile = v.strictObject({
  graph: file,
  ...shared,
  cases: v.pipe(v.array(testCase), v.minLength(1)),
});

export type TestFile = v.InferOutput<typeof testFile>;
export type TestCase = v.InferOutput<typeof testCase>;
export type GivenPacket = v.InferOutput<typeof givenPacket>;
export type GivenFrom = v.InferOutput<typeof givenFrom>;
export type ExpectedPacket = v.InferOutput<typeof expectedPacket>;
export type ExpectedPort = v.InferOutput<typeof port>;
export type Expected = v.InferOutput<typeof expected>;
export type ExpectedText = v.InferOutput<typeof text>;
export type ExpectedRequest = v.InferOutput<typeof request>;
export type ExpectedLetter = v.InferOutput<typeof letter>;
export type Answer = v.InferOutput<typeof answer>;
export type Stub = v.InferOutput<typeof stub>;
export type Faults = v.InferOutput<typeof faults>;
