import { UsageError } from "../command/index.ts";
import type { Change } from "./behaviour.ts";

/** `503:0.1,500:0.02`; without a share, every post gets that status. */
export function readStatus(text: string): Change["status"] {
  const entries = text.split(",").map((part) => {
    const [, code, share = "1"] = /^([1-5]\d\d)(?::(0|1|0?\.\d+|1\.0+))?$/.exec(part.trim()) ?? [];
    if (code !== undefined) return [code, Number(share)] as const;
    throw new UsageError(`--status cannot be read at "${part}"`, "write 503:0.1,500:0.02, or 503 for every post");
  });
  return Object.fromEntries(entries);
}

/** `20ms`, or `5ms..50ms`. */
export function readLatency(text: string): [number, number] {
  const [from, to = from] = text.split("..").map(milliseconds);
  if (from !== undefined && to !== undefined && from <= to) return [from, to];
  throw new UsageError(`--latency must be a time or a range: current value is "${text}"`, "write 20ms or 5ms..50ms");
}

function milliseconds(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text.trim()) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unit === "s" ? 1_000 : 1);
}

/** A share of all posts. */
export function readShare(flag: string, value: number | undefined): number {
  if (value === undefined || value <= 1) return value ?? 0;
  throw new UsageError(`--${flag} is a share of all posts, from 0 to 1: current value is ${value}`);
}
