import { plainUtcMs } from "./plain_utc.ts";

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:[.,]\d+)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * Milliseconds since 1970-01-01T00:00:00Z of an ISO-8601 time, with a fraction when there are microseconds.
 * A time without a zone is UTC, as the predecessor read it. NaN for anything else.
 */
export function parseIsoMs(text: string): number {
  if (text === lastText) return lastMs;
  const plainMs = plainUtcMs(text);
  lastMs = Number.isNaN(plainMs) ? parseAnyMs(text) : plainMs;
  lastText = text;
  return lastMs;
}

/** The last one, as a packet's time is read by the source that it comes from and by the nodes behind it. */
let lastText = "";
let lastMs = Number.NaN;

function parseAnyMs(text: string): number {
  const parts = ISO.exec(text);
  if (parts === null) return Number.NaN;
  const [, date, minutes = "00:00", seconds = ":00", zone = "Z"] = parts;
  const point = seconds.search(/[.,]/);
  const fractionMs = point < 0 ? 0 : Number(`0.${seconds.slice(point + 1)}`) * 1_000;
  const wholeSeconds = point < 0 ? seconds : seconds.slice(0, point);
  return Date.parse(`${date}T${minutes}${wholeSeconds}${zoneText(zone)}`) + fractionMs;
}

/** `Z`, or `+09:00` for `+09`, `+0900` and `+09:00`. */
function zoneText(zone: string): string {
  if (zone.length <= 1) return "Z";
  const minutes = zone.slice(3).replace(":", "");
  return `${zone.slice(0, 3)}:${minutes === "" ? "00" : minutes}`;
}

/** When the packet's fact happened, in milliseconds since 1970. Throws when `ts` is no ISO-8601 time. */
export function eventTimeMs(packet: { readonly ts: string }): number {
  const timeMs = parseIsoMs(packet.ts);
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new Error(
    `cannot read the packet's event time: ts must be ISO-8601 such as 2026-01-01T06:00:00Z, got "${packet.ts}"`,
  );
}
