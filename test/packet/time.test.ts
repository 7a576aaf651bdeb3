import { expect, test } from "bun:test";
import fc from "fast-check";
import { eventTimeMs, parseIsoMs, plainUtcMs } from "../../src/packet/index.ts";

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

test("parseIsoMs() reads every way of writing a moment as the same moment", () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date("0000-01-01T00:00:00Z"),
        max: new Date("9999-12-31T23:59:59.999Z"),
        noInvalidDate: true,
      }),
      (date) => {
        const iso = date.toISOString();
        expect(parseIsoMs(iso)).toBe(date.getTime());
        expect(parseIsoMs(`${iso.slice(0, 19)}Z`)).toBe(Math.floor(date.getTime() / 1_000) * 1_000);
        // Written otherwise, so that it is read the long way.
        expect(parseIsoMs(iso.replace("Z", "+00:00"))).toBeCloseTo(date.getTime(), 3);
      },
    ),
  );
});

test("plainUtcMs() leaves what is no such time to others", () => {
  const valid = "2024-02-29T23:59:59.999Z";
  expect(plainUtcMs(valid)).toBe(Date.parse(valid));
  for (const text of ["2023-02-29T00:00:00Z", "2024-00-01T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z"]) {
    expect(plainUtcMs(text)).toBeNaN();
  }
  const marks = [4, 7, 10, 13, 16, 19, 23];
  for (let at = 0; at < valid.length; at++) {
    const broken = `${valid.slice(0, at)}${marks.includes(at) ? "0" : "x"}${valid.slice(at + 1)}`;
    expect([broken, plainUtcMs(broken)]).toEqual([broken, Number.NaN]);
  }
});
