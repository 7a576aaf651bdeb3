import { checkPortable, MAX_DEPTH } from "../../packet/index.ts";
import { jsonFaultAt, placeOf } from "./json_fault.ts";
import { Refusal } from "./refusal.ts";

/** Text of a body. Throws a {@link Refusal} when it is not UTF-8. */
export function readText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(400, "BAD_TEXT", "the body is not valid UTF-8");
  }
}

/** A JSON body. Throws a {@link Refusal} that says where it is wrong. */
export function readJson(bytes: Uint8Array): unknown {
  const text = readText(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badJson(text);
  }
  try {
    // JSON.parse takes any depth, and whoever writes such a value again runs out of stack.
    checkPortable(value, "the body");
  } catch {
    throw new Refusal(400, "BAD_JSON", `the body is nested more than ${MAX_DEPTH} levels deep`);
  }
  return value;
}

function badJson(text: string): Refusal {
  if (text.trim() === "") return new Refusal(400, "BAD_JSON", "the body is empty: send a JSON value");
  const at = jsonFaultAt(text);
  const found = at >= text.length ? "it ends too early" : `unexpected ${JSON.stringify(text.slice(at, at + 12))}`;
  return new Refusal(400, "BAD_JSON", `the body is not JSON: ${found} at ${placeOf(text, at)}`);
}
