import jsonata from "jsonata";
import { didYouMean } from "../../base/suggest.ts";
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

/** What is wrong with a JSONata expression, found by parsing it and by looking for what nobody gave a value. */
export function jsonataIssues(path: ConfigIssue["path"], text: string): ConfigIssue[] {
  try {
    return unboundNames(jsonata(text).ast()).map(({ name, offset }) => unboundIssue(path, name, offset));
  } catch (error) {
    const { message, position = 0, token } = error as Fault;
    return [
      { path, message: `expression is not valid JSONata: ${message}`, offset: faultOffset(text, position, token) },
    ];
  }
}

const PACKET_NAMES = ["meta", "kind", "source_id", "ts"];
/** The library's functions, which it does not list itself. */
export const JSONATA_FUNCTIONS: readonly string[] = (
  "abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl " +
  "decodeUrlComponent distinct each encodeUrl encodeUrlComponent error eval exists filter floor formatBase " +
  "formatInteger formatNumber fromMillis join keys length lookup lowercase map match max merge millis min not now " +
  "number pad parseInteger power random reduce replace reverse round shuffle sift single sort split spread sqrt " +
  "string substring substringAfter substringBefore sum toMillis trim type uppercase zip"
).split(" ");

function unboundIssue(path: ConfigIssue["path"], name: string, offset: number): ConfigIssue {
  const known = [...JSONATA_FUNCTIONS, ...PACKET_NAMES];
  const near = didYouMean(name, known);
  const hint = near === undefined ? `a field of the payload is written without $: ${name}` : `did you mean "$${near}"?`;
  return { path, offset, hint, message: `expression uses "$${name}", which nothing gives a value` };
}

/** Variables and functions that neither the library, the packet nor the expression itself knows, in order. */
function unboundNames(ast: unknown): { name: string; offset: number }[] {
  const used: { name: string; offset: number }[] = [];
  // "" is the context and "$" the payload. A name bound anywhere counts as known everywhere: scopes are left to the run.
  const bound = new Set(["", "$", ...PACKET_NAMES, ...JSONATA_FUNCTIONS]);
  const waiting: unknown[] = [ast];
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (typeof node !== "object" || node === null) continue;
    const { type, value, position, lhs, arguments: parameters, focus, index } = node as Record<string, unknown>;
    if (type === "variable") used.push({ name: String(value), offset: Number(position) - String(value).length - 1 });
    const binds = type === "bind" ? [lhs] : type === "lambda" ? (parameters as unknown[]) : [];
    for (const name of [focus, index, ...binds.map((target) => (target as { value?: unknown }).value)]) {
      if (typeof name === "string") bound.add(name);
    }
    waiting.push(...Object.values(node));
  }
  return used.filter(({ name }) => !bound.has(name)).sort((a, b) => a.offset - b.offset);
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
