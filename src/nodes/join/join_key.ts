import * as v from "valibot";
import { DURATION } from "../../base/duration.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { compileValue } from "../expression.ts";

export const celText = v.pipe(v.string(), v.minLength(1));

/** A length of time that may be 0: two packets of the very same time. */
export const distance = v.pipe(v.string(), v.regex(DURATION, "must be a time such as 500ms, 90s, 15m, 12h or 7d"));

/** What packets are joined by. */
export interface JoinKey {
  readonly value: unknown;
  /** Equal for the same value only: `7` and `"7"` are two keys. */
  readonly text: string;
}

/** Longer ones are no keys but contents, and a join keeps very many. */
const MAX_KEY_CHARS = 1_024;

/** A compiled CEL expression for the key of a packet. Throws when it has none. */
export function compileKey(expression: string): (packet: StreamPacket) => JoinKey {
  const evaluate = compileValue(expression);
  return (packet) => {
    const value = evaluate(packet);
    const text = JSON.stringify(value);
    if (text === undefined || text === "null") {
      throw new Error(`cannot join a packet whose key is null: "${expression}" must give text or a number`);
    }
    if (text.length <= MAX_KEY_CHARS) return { value, text };
    throw new Error(`cannot join a packet whose key has ${text.length} characters: at most ${MAX_KEY_CHARS} are kept`);
  };
}
