import { DURATION } from "../base/duration.ts";

/** What is meant by a number where a time with a unit is wanted; undefined when no time is wanted, or it is no number. */
export function timeHint(schema: unknown, input: unknown): string | undefined {
  const text = typeof input === "number" || typeof input === "string" ? String(input).trim() : "";
  if (!/^\d+(?:\.\d+)?$/.test(text) || !wantsTime(schema)) return undefined;
  return `a time has a unit: write ${text}s for seconds, ${text}ms for milliseconds`;
}

/** A schema may be a pipe in a pipe, or one of several. */
function wantsTime(schema: unknown): boolean {
  const { requirement, pipe = [], options = [], wrapped } = Object(schema) as Record<string, never>;
  // A number is meant as one where one may stand.
  if ((options as { type?: string }[]).some(({ type }) => type === "number")) return false;
  // Each pipe begins with its own schema, without the pipe.
  const inner = [...(pipe as unknown[]), ...(options as unknown[]), wrapped].filter((one) => one !== undefined);
  return requirement === DURATION || inner.some(wantsTime);
}
