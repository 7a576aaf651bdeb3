import * as v from "valibot";
import { isNumeric, pythonFloat, WholeFloat } from "../packet/index.ts";

export type Numeric = number | WholeFloat;

/** A number in a config; one written `20.0` in a predecessor graph stays a {@link WholeFloat}. */
export const numeric = v.custom<Numeric>(
  (value) => isNumeric(value) && Number.isFinite(Number(value)),
  (issue) => `Invalid type: Expected a finite number but received ${issue.received}`,
);

/** `start + step · times` as Python computes it: a float anywhere makes the result a float, also when it is whole. */
export function advance(start: Numeric, step: Numeric, times: number): Numeric {
  const sum = start.valueOf() + step.valueOf() * times;
  return Number.isInteger(sum) && (isFloat(start) || isFloat(step)) ? new WholeFloat(sum) : sum;
}

const isFloat = (value: Numeric) => value instanceof WholeFloat || !Number.isInteger(value);

/** A scalar as Python's `str` prints it; undefined for lists and maps. */
export function pythonText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof WholeFloat) return pythonFloat(value.valueOf());
  if (typeof value !== "number") return undefined;
  if (!Number.isInteger(value) || Object.is(value, -0)) return pythonFloat(value);
  return Math.abs(value) < 1e21 ? String(value) : BigInt(value).toString();
}
