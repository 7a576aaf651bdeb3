import * as v from "valibot";
import { ControlError } from "../verb.ts";

/** Arguments of a verb, checked. */
export function readArguments<Schema extends v.GenericSchema>(schema: Schema, args: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, args ?? {});
  if (result.success) return result.output;
  const [{ message, ...issue }] = result.issues;
  const place = v.getDotPath(issue as v.BaseIssue<unknown>) ?? "arguments";
  throw new ControlError("CONTROL_REQUEST", `${place}: ${message}`);
}
