import * as v from "valibot";
import type { ConfigIssue } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { compileValue, expressionIssues } from "../expression.ts";
import { keysOf, readPath } from "../payload_path.ts";

const text = v.pipe(v.string(), v.minLength(1));

/** Where a value comes from: a place in the payload, or an expression over the packet. */
export const place = v.union([
  text,
  v.pipe(v.array(text), v.minLength(1)),
  v.strictObject({ cel: v.pipe(text, v.description("CEL expression over the packet.")) }),
]);

export type Place = v.InferOutput<typeof place>;

const isExpression = (from: Place): from is { cel: string } => typeof from === "object" && !Array.isArray(from);

export const placeIssues = (path: ConfigIssue["path"], from: Place): ConfigIssue[] =>
  isExpression(from) ? expressionIssues([...path, "cel"], from.cel) : [];

/** In the words of an error. */
export const placeText = (from: Place): string =>
  isExpression(from) ? `the expression "${from.cel}"` : `payload.${[...keysOf(from)].join(".")}`;

/** Reads the value; undefined when it is not there. Expressions that cannot be evaluated throw. */
export function placeReader(from: Place): (packet: StreamPacket) => unknown {
  if (isExpression(from)) return compileValue(from.cel);
  const keys = keysOf(from);
  if (keys.length > 1) return ({ payload }) => readPath(payload, keys).value;
  const key = keys[0]!;
  return ({ payload }) =>
    typeof payload === "object" && payload !== null && Object.hasOwn(payload, key)
      ? (payload as Record<string, unknown>)[key]
      : undefined;
}
