import * as v from "valibot";
import { type StreamPacket, typeName, WholeFloat } from "../../packet/index.ts";
import { readPath } from "../payload_path.ts";

/** Where the number of a packet stands. */
export const valuePath = v.pipe(
  v.optional(v.pipe(v.string(), v.minLength(1)), "value"),
  v.description("Where the number stands in a payload, such as `door.angle`; a payload that is a number is it."),
);

/** The number in a packet. Throws when there is none: a controller must not act on a guess. */
export function numberIn({ payload }: StreamPacket, path: string, what: string): number {
  const given = isNumber(payload) ? payload : readPath(payload, path).value;
  const number = isNumber(given) ? Number(given) : Number.NaN;
  if (Number.isFinite(number)) return number;
  const got = isNumber(given) ? String(number) : typeName(given);
  throw new Error(`cannot read the ${what}: payload.${path} must be a finite number, got ${got}`);
}

const isNumber = (value: unknown) => typeof value === "number" || value instanceof WholeFloat;
