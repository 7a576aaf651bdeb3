import * as v from "valibot";
import type { Clock } from "../../base/clock.ts";
import { UsageError } from "../command/index.ts";
import { type Change, changeSchema } from "./behaviour.ts";

const lineSchema = v.strictObject({ at_sec: v.pipe(v.number(), v.minValue(0)), set: changeSchema });

export interface Step {
  atMs: number;
  change: Change;
}

/** Reads a script: JSON lines such as `{"at_sec": 10, "set": {"mode": "down"}}`. */
export function readScript(text: string, file: string): Step[] {
  return text.split("\n").flatMap((line, at) => {
    if (line.trim() === "") return [];
    const place = `${file}:${at + 1}`;
    const parsed = v.safeParse(lineSchema, parseLine(line, place));
    if (parsed.success) return [{ atMs: parsed.output.at_sec * 1_000, change: parsed.output.set }];
    const { message } = parsed.issues[0];
    const where = v.getDotPath(parsed.issues[0]) ?? "the line";
    throw new UsageError(`--script ${place} cannot be read at ${where}: ${message}`, HINT);
  });
}

const HINT = 'write one {"at_sec": 10, "set": {"mode": "down"}} per line';

function parseLine(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new UsageError(`--script ${place} is not JSON: ${(error as Error).message}`, HINT);
  }
}

/** Carries the steps out in their time; the function it returns calls off what is left. */
export function play(steps: readonly Step[], clock: Clock, change: (change: Change) => void): () => void {
  const cancels = steps.map(({ atMs, change: step }) => clock.setTimer(() => change(step), atMs));
  return () => {
    for (const cancel of cancels) cancel();
  };
}
