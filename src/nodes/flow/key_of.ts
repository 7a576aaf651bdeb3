import * as v from "valibot";
import type { ConfigIssue } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { compileValue, expressionIssues } from "../expression.ts";

/** CEL for what packets are told apart by; each source by itself when left out. */
export const keyExpression = v.pipe(
  v.optional(v.pipe(v.string(), v.minLength(1))),
  v.description("CEL expression for what packets are told apart by; the source when left out."),
);

/** Why 65,536: at 200 bytes a key that is 13 MiB, and a sensor that invents keys stays without effect on the rest. */
export const MAX_KEYS = 65_536;

export const keyIssues = (key: string | undefined): ConfigIssue[] =>
  key === undefined ? [] : expressionIssues(["key"], key);

/** Text of the key; `7` and `"7"` are different keys. */
export function keyOf(text: string | undefined): (packet: StreamPacket) => string {
  if (text === undefined) return ({ source_id }) => source_id;
  const evaluate = compileValue(text);
  return (packet) => JSON.stringify(evaluate(packet)) ?? "null";
}
