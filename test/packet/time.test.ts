import { expect, test } from "bun:test";
import { eventTimeMs, parseIsoMs } from "../../src/packet/index.ts";

const UTC = Date.UTC(2026, 1, 14, 0, 0, 1);

test.each([
  ["2026-02-14T00:00:01Z", UTC],
  ["2026-02-14T00:00:01+00:00", UTC],
  ["2026-02-14T09:00:01+09:00", UTC],
  ["2026-02-14T09:00:01+0900", UTC],
  ["2026-02-13T15:00:01-09", UTC],
  ["2026-02-14 00:00:01", UTC],
  ["2026-02-14T00:00:01.500Z", UTC + 500],
  ["2026-02-14T00:00:01.000250Z", UTC + 0.25],
  ["2026-02-14T00:00Z", UTC - 1_000],
  ["2026-02-14", UTC - 1_000],
])("parseIsoMs() reads %s", (text, expected) => {
  expect(parseIsoMs(text)).toBeCloseTo(expected, 3);
});

test.each(["", "t", "14 February 2026", "2026-13-01T00:00:00Z", "1771027201", "2026-02-14T00:00:01Zulu"])(
  "parseIsoMs() gives NaN for %p",
  (text) => {
    expect(parseIsoMs(text)).toBeNaN();
  },
);

test("eventTimeMs() throws with the value when ts is no ISO-8601 time", () => {
  expect(() => eventTimeMs({ ts: "yesterday" })).toThrow(
    'ts must be ISO-8601 such as 2026-01-01T06:00:00Z, got "yesterday"',
  );
});
