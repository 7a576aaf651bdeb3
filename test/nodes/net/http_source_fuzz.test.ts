import { expect, test } from "bun:test";
import fc from "fast-check";
import { jsonFaultAt, placeOf } from "../../../src/nodes/net/json_fault.ts";
import { receiver } from "./receiver.ts";

/** What a sender may hear; anything else is a fault of ours. */
const STATUSES = [202, 400, 403, 413, 415, 421, 503];

/** Bodies that broke some server once, or look like it. */
const CORPUS: readonly string[] = [
  ...["", " ", "\ufeff{}", "\0", "{}\0", "null", "[]", '""', "-0", "1e999", "-1e-999", "01", "1.", ".5", "+1", "0x10"],
  ...['{"__proto__":{"x":1}}', '{"constructor":{"prototype":1}}', '{"a":1,"a":2}', '{"":0}', "{,}", "[,]", "[1 2]"],
  ...['"\\ud800"', '"\\u00"', '"\\x41"', '"\n"', "\"'", "'a'", "{a:1}", "/* */1", "1//", "undefined", "Infinity"],
  ...["[".repeat(5_000), `${'{"a":'.repeat(300)}1${"}".repeat(300)}`, `"${"\\".repeat(999)}`, "9".repeat(5_000)],
  ...['{"packet_id":"x"}', '{"specversion":"1.0"}', '[{"specversion":"1.0","id":"1","source":"s","type":"t"}]'],
];

const TYPES = [
  ...["application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "text/plain"],
  ...["", "application/json;charset=latin1", "application/x-ndjson", "a".repeat(5_000)],
];

const body = fc.oneof(
  fc.constantFrom(...CORPUS).map((text) => new TextEncoder().encode(text)),
  fc.json().map((text) => new TextEncoder().encode(text)),
  fc.uint8Array({ maxLength: 2_000 }),
);

const headers = fc.record(
  {
    "content-type": fc.constantFrom(...TYPES),
    "content-encoding": fc.constantFrom("gzip", "identity", "br", ""),
    "idempotency-key": fc.string({ unit: "binary-ascii", maxLength: 1_200 }).map((key) => key.replace(/[^\t -~]/g, "")),
    origin: fc.constantFrom("null", "http://page.example"),
    host: fc.constantFrom("127.0.0.1:8088", "", "[::1]", "evil.example", ":::", "a".repeat(300)),
    "ce-specversion": fc.constantFrom("1.0", "2.0", "%zz"),
    "ce-id": fc.constantFrom("1", "%e4%b8", ""),
    "ce-source": fc.constant("s"),
    "ce-type": fc.constant("t"),
    "ce-time": fc.constantFrom("2026-01-01T00:00:00Z", "now"),
  },
  { requiredKeys: ["content-type"] },
);

const config = fc.record({
  body: fc.constantFrom("payload", "packet"),
  batch: fc.boolean(),
  accept: fc.constantFrom(["json"], ["text"], ["json", "text"]),
  max_body_bytes: fc.constantFrom(10, 1_000, 1_048_576),
});

test("whatever comes is answered by its rules, and holds no place afterwards", async () => {
  const runs = fc.asyncProperty(
    config,
    fc.array(fc.tuple(body, headers), { maxLength: 6 }),
    async (given, requests) => {
      const one = await receiver({ ...given, max_in_flight: 4 });
      for (const [bytes, head] of requests) {
        const response = await one.taken(bytes, head as Record<string, string>);
        expect(STATUSES).toContain(response.status);
        const answer = (await response.json()) as Record<string, unknown>;
        expect(answer).toHaveProperty(
          response.status === 202 ? (answer.packet_ids ? "packet_ids" : "packet_id") : "code",
        );
      }
      expect(one.metrics().in_flight).toBe(0);
      await one.close();
    },
  );
  await fc.assert(runs, { numRuns: 300, seed: 7 });
});

test("jsonFaultAt() finds no fault in JSON, and none behind the first of text that is none", () => {
  const damaged = fc.tuple(fc.json(), fc.nat(), fc.constantFrom("", "}", "]", ",", ":", '"', "x", "\\", "1"));
  const property = fc.property(damaged, ([text, offset, char]) => {
    const at = offset % (text.length + 1);
    const other = text.slice(0, at) + char + text.slice(at + 1);
    expect(jsonFaultAt(text)).toBe(text.length);
    if (parses(other)) expect(jsonFaultAt(other)).toBe(other.length);
    // What stands in front of the fault could still have become JSON.
    else expect(other.slice(0, jsonFaultAt(other))).toSatisfy(isBeginning);
  });
  fc.assert(property, { numRuns: 2_000, seed: 7 });
});

test("jsonFaultAt() takes no time and no stack for a hundred thousand levels", () => {
  expect(jsonFaultAt("[".repeat(100_000))).toBe(100_000);
  expect(jsonFaultAt(`${'{"a":'.repeat(100_000)}}`)).toBe(500_000);
});

test("placeOf() counts lines and columns from 1", () => {
  expect(["a", "b", "\n", "c"].map((_, at) => placeOf("ab\nc", at))).toEqual([
    "line 1, column 1",
    "line 1, column 2",
    "line 1, column 3",
    "line 2, column 1",
  ]);
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Something can follow that makes JSON of it: enough for the texts above, whose faults are one character. */
function isBeginning(text: string): boolean {
  const closers = ["", "0", '"', '":0', ":0", "0:0", '"":0', "null", "ull", "rue", "alse", "l", "e"];
  const open: string[] = [];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quoted && char === "\\") at += 1;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === "[" || char === "{")) open.push(char === "[" ? "]" : "}");
    else if (!quoted && (char === "]" || char === "}")) open.pop();
  }
  const end = open.reverse().join("");
  return closers.some((closer) => parses(text + closer + end));
}
