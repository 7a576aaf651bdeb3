/** What ISO-8601 with four digits of the year can say. */
export const EARLIEST_MS = Date.parse("0000-01-01T00:00:00Z");
export const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

let lastMs = Number.NaN;
let lastText = "";

/** ISO-8601 UTC with milliseconds, or with microseconds where there are any. The last one is kept: results come in groups. */
export function timeText(ms: number): string {
  if (ms === lastMs) return lastText;
  lastMs = ms;
  lastText = Number.isInteger(ms) ? new Date(ms).toISOString() : withMicroseconds(ms);
  return lastText;
}

function withMicroseconds(ms: number): string {
  const whole = Math.floor(ms);
  const micros = Math.min(999, Math.round((ms - whole) * 1_000));
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}
