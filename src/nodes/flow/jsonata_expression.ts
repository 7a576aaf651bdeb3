import jsonata from "jsonata";
import type { ConfigIssue, NodeContext } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

/** Nested evaluations; a payload that is walked needs tens, a recursion without an end any number. */
const MAX_DEPTH = 500;
/** Items of one result list: a range such as `[1..n]` makes them out of nothing. */
const MAX_ITEMS = 100_000;

/** The library throws plain objects. */
interface Fault {
  code?: string;
  message?: string;
  position?: number;
  token?: string;
}

/** What is wrong with a JSONata expression, found by parsing it. */
export function jsonataIssues(path: ConfigIssue["path"], text: string): ConfigIssue[] {
  try {
    jsonata(text);
    return [];
  } catch (error) {
    const { message, position = 0, token } = error as Fault;
    return [
      { path, message: `expression is not valid JSONata: ${message}`, offset: faultOffset(text, position, token) },
    ];
  }
}

/** The position is that of the character behind the token, and at the end of the text it says nothing useful. */
function faultOffset(text: string, position: number, token = ""): number {
  return token === "(end)" ? text.length : Math.min(text.length, Math.max(0, position - token.length));
}

/**
 * Compiles an expression over a packet's payload; `$meta`, `$kind`, `$source_id` and `$ts` are bound. Clock and random
 * numbers are the node's. An evaluation that goes too deep, takes over `timeoutMs` or makes too much is stopped.
 */
export function compileJsonata(text: string, timeoutMs: number, context: NodeContext) {
  const expression = jsonata(text, { stack: MAX_DEPTH, timeout: timeoutMs, sequence: MAX_ITEMS });
  expression.registerFunction("millis", () => context.clock.nowMs(), "<:n>");
  expression.registerFunction("now", () => new Date(context.clock.nowMs()).toISOString(), "<:s>");
  expression.registerFunction("random", () => context.random.float(), "<:n>");
  return async ({ payload, meta, kind, source_id, ts }: StreamPacket): Promise<unknown> => {
    let result: unknown;
    try {
      result = await expression.evaluate(payload, { meta, kind, source_id, ts });
    } catch (error) {
      const { code, message } = error as Fault;
      throw new Error(`cannot evaluate the JSONata expression: ${message ?? String(error)} (${code ?? "no code"})`);
    }
    if (result !== undefined) return result;
    throw new Error("cannot evaluate the JSONata expression: it selects nothing in this payload");
  };
}
