import { plainUtcMs } from "../packet/index.ts";

const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?$/;

/** An ISO-8601 date, or date and time, that exists in the calendar. */
export function isIsoTime(value: unknown): value is string {
  if (typeof value === "string" && !Number.isNaN(plainUtcMs(value))) return true;
  if (typeof value !== "string" || !ISO.test(value)) return false;
  // Date.parse turns February 30 into March 2, so the day has to come back unchanged.
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== value.slice(0, 10)) return false;
  return value.length === 10 || clockReads(value);
}

function clockReads(value: string): boolean {
  const seconds = value[16] === ":" ? Number(value.slice(17, 19)) : 0;
  // 60 is a leap second.
  return Number(value.slice(11, 13)) < 24 && Number(value.slice(14, 16)) < 60 && seconds <= 60;
}
