import { type Context, Environment, type EvaluationError, type TypeCheckResult } from "@marcbachmann/cel-js";
import { didYouMean } from "../base/suggest.ts";
import type { ConfigIssue } from "../node/index.ts";
import { type StreamPacket, WholeFloat } from "../packet/index.ts";

const VARIABLES = { payload: "dyn", meta: "map", kind: "string", source_id: "string", ts: "string" };

/** What an expression sees: a packet, or one under way with another payload. */
export type ExpressionInput = Pick<StreamPacket, keyof typeof VARIABLES> & {
  readonly state?: unknown;
  readonly cells?: unknown;
};

/** What an expression may give. `dyn` is decided at run time and passes the static check. */
export type Wanted = "bool" | "string" | "any";

const environment = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true });
for (const [name, type] of Object.entries(VARIABLES)) environment.registerVariable(name, type);

// Numbers in a payload are doubles and `20` is an int: CEL compares the two, but has no arithmetic for them.
const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};
for (const [operator, apply] of Object.entries(ARITHMETIC)) {
  const mixed = (a: unknown, b: unknown) => apply(Number(a), Number(b));
  environment.registerOperator(`double ${operator} int: double`, mixed);
  environment.registerOperator(`int ${operator} double: double`, mixed);
}
environment.registerOperator("double % double: double", ARITHMETIC["%"]!);

/** For nodes that remember: the packet, and what it comes to. */
const withState = environment.clone().registerVariable("state", "dyn");

/** For nodes that look at the graph's blackboard: the packet, and `cells`. */
const withCells = environment.clone().registerVariable("cells", "map");

/** What an expression sees: a packet, or `state` or `cells` besides. */
export type Scope = "packet" | "state" | "cells";

const SCOPES: Record<Scope, Environment> = { packet: environment, state: withState, cells: withCells };
const scoped = (scope: Scope) => SCOPES[scope];

/** Ways to a part of a map by its name: `cells.a`, `cells["a"]`, `cells.?a`, `cells[?"a"]`. */
const BY_NAME = new Set([".", "[]", ".?", "[?]"]);

/** Names of the cells that an expression reads; undefined among them where it reads one that only the run can tell. */
export function cellsRead(text: string): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  // Iterative, as a chain of a thousand `&&` is nested as deep.
  const waiting: unknown[] = [withCells.parse(text).ast];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { op, args } = Object(node) as { op?: string; args?: unknown };
    const parts: unknown[] = Array.isArray(node) ? node : Array.isArray(args) ? args : [];
    if (op === "id" && args === "cells") found.push(undefined);
    else if (BY_NAME.has(op ?? "") && isCells(parts[0])) found.push(nameIn(parts[1]));
    else waiting.push(...parts);
  }
  return found;
}

const isCells = (node: unknown) => Object(node).op === "id" && Object(node).args === "cells";

function nameIn(part: unknown): string | undefined {
  const name = typeof part === "object" && Object(part).op === "value" ? Object(part).args : part;
  return typeof name === "string" ? name : undefined;
}

/** What is wrong with a CEL expression, found by parsing and type-checking it. Empty when nothing is. */
export function expressionIssues(
  path: ConfigIssue["path"],
  text: string,
  wanted: Wanted = "any",
  scope: Scope = "packet",
): ConfigIssue[] {
  const { valid, type = "dyn", error } = scoped(scope).check(text);
  if (!valid) return [faultIssue(path, text, error!)];
  if (wanted === "any" || type === wanted || type === "dyn") return [];
  const hint = wanted === "bool" ? "compare it with something, such as payload.celsius > 20" : "wrap it in string(…)";
  return [{ path, message: `expression must give a ${wanted}: this one gives ${type}`, hint, offset: 0 }];
}

function faultIssue(
  path: ConfigIssue["path"],
  text: string,
  fault: NonNullable<TypeCheckResult["error"]>,
): ConfigIssue {
  const offset = fault.range?.start ?? 0;
  if (fault.code === "unknown_variable") return { path, offset, ...unknownVariable(word(text, offset)) };
  const stopped = /^unexpected (?:token|character)/i.test(String(fault.summary)) && offset < text.length;
  if (stopped) return { path, offset, ...unexpected(text, offset) };
  const message = `expression is not valid CEL: ${plainSummary(fault)}`;
  const called = /'(?:\S+\.)?(\w+)\(/.exec(fault.summary)?.[1];
  const near = called === undefined ? undefined : didYouMean(called, FUNCTIONS);
  if (called === undefined || near === undefined) return { path, offset, message };
  return { path, offset: text.indexOf(called, offset), message, hint: `did you mean "${near}"?` };
}

function unknownVariable(name: string): { message: string; hint: string } {
  const known = Object.keys(VARIABLES);
  // A name of one or two letters resembles `ts`, and is a field.
  const near = name.length > 2 ? didYouMean(name, known) : undefined;
  const hint = near === undefined ? `a field of the payload is written payload.${name}` : `did you mean "${near}"?`;
  return { message: `expression uses an unknown variable "${name}": it can use ${known.join(", ")}`, hint };
}

function unexpected(text: string, offset: number): { message: string; hint?: string } {
  const message = `expression is not valid CEL: unexpected ${JSON.stringify(word(text, offset) || text.charAt(offset))}`;
  const marked = `${text.slice(0, offset)}\0${text.slice(offset)}`;
  const hint = HABITS.find(([pattern]) => pattern.test(marked))?.[1];
  return hint === undefined ? { message } : { message, hint };
}

/** What people write who come from SQL, Python or a word processor; CEL stops reading at the zero. */
const HABITS: readonly (readonly [RegExp, string])[] = [
  [/\0=>/, "at least is written >="],
  [/\0=/, "equality is written =="],
  [/<\0>/, "inequality is written !="],
  [/\0and\b/i, "and is written &&"],
  [/\0or\b/i, "or is written ||"],
  [/\bnot\s+\0/i, "not is written !"],
  [/\0is\b/i, "equality is written =="],
  [/\0(?:contains|startsWith|endsWith|matches)\b/i, "call it behind a dot: kind.contains(…)"],
  [/\0[\u2018\u2019\u201c\u201d]/, "these are typographic quotes; type plain ones"],
];

const word = (text: string, offset: number) => /^\w+/.exec(text.slice(offset))?.[0] ?? "";

const FUNCTIONS = new Set(environment.getDefinitions().functions.map((known) => known.name));

const WORDING: readonly (readonly [RegExp, string])[] = [
  [/^no such overload: (.*)/, "$1 is not defined"],
  [/^found no matching overload for '(.*)'/, "there is no $1"],
  [/token: EOF$/, "end"],
  [/\bEOF\b/, "the end"],
  [/\bCOLON\b/, "a colon"],
  [/\bRPAREN\b/, "a closing parenthesis"],
  [/\bRBRACKET\b/, "a closing bracket"],
  [/\bRBRACE\b/, "a closing brace"],
  [/dyn<(\w+)>/g, "$1"],
];

/** The library's one-line summary in words that need no CEL specification beside them. */
function plainSummary({ summary, message }: { summary?: string; message?: string }): string {
  const text = summary ?? String(message);
  return WORDING.reduce((done, [from, to]) => done.replace(from, to), text.charAt(0).toLowerCase() + text.slice(1));
}

/** Compiles an expression that {@link expressionIssues} has passed; the result is what CEL gives (ints are bigint). */
function compile(text: string, scope: Scope = "packet"): (packet: ExpressionInput) => unknown {
  const program = scoped(scope).parse(text);
  program.check();
  return (packet) => {
    try {
      // A packet has exactly the variables as fields, so it is the context itself: nothing is copied.
      return program(packet as unknown as Context);
    } catch (error) {
      if (!isWholeFloatFault(error)) throw evaluationFault(text, error);
    }
    try {
      return program({ ...packet, payload: plainNumbers(packet.payload), meta: plainNumbers(packet.meta) });
    } catch (error) {
      throw evaluationFault(text, error);
    }
  };
}

/** A compiled condition. Throws when it cannot be evaluated or gives something else than a bool. */
export function compileCondition(text: string, scope?: Scope): (packet: ExpressionInput) => boolean {
  const evaluate = compile(text, scope);
  return (packet) => {
    const result = evaluate(packet);
    if (typeof result === "boolean") return result;
    throw new Error(`cannot use "${text}" as a condition: it must give a bool, got ${describe(result)}`);
  };
}

/** A compiled expression whose result is a JSON value. */
export function compileValue(text: string, scope?: Scope): (packet: ExpressionInput) => unknown {
  const evaluate = compile(text, scope);
  return (packet) => jsonValue(evaluate(packet), text);
}

/** A compiled expression that must give text. */
export function compileText(text: string): (packet: ExpressionInput) => string {
  const evaluate = compile(text);
  return (packet) => {
    const result = evaluate(packet);
    if (typeof result === "string") return result;
    throw new Error(`cannot use "${text}" as text: it must give a string, got ${describe(result)}`);
  };
}

const HINTS: Record<string, string> = {
  no_such_key: "; test for it first with has(…), or write .?key.orValue(…)",
};

function evaluationFault(text: string, error: unknown): Error {
  const fault = error as Partial<EvaluationError>;
  return new Error(`cannot evaluate "${text}": ${plainSummary(fault)}${HINTS[fault.code ?? ""] ?? ""}`, {
    cause: error,
  });
}

function isWholeFloatFault(error: unknown): boolean {
  const { code, summary } = error as Partial<EvaluationError>;
  return code === "unsupported_type" && summary?.includes(WholeFloat.name) === true;
}

/** A copy in which every {@link WholeFloat} is a plain number, which is all CEL knows. */
function plainNumbers(value: unknown): unknown {
  if (value instanceof WholeFloat) return value.valueOf();
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainNumbers(item)]));
}

function jsonValue(value: unknown, text: string): unknown {
  if (typeof value === "bigint") {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value);
    throw new Error(`cannot keep the result of "${text}": the integer ${value} is beyond 2^53, use string(…)`);
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => jsonValue(item, text));
  if (value instanceof Date) return value.toISOString();
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonValue(item, text)]));
  }
  throw new Error(`cannot keep the result of "${text}": ${describe(value)} is no JSON value, use string(…)`);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "bigint") return `int ${value}`;
  if (typeof value === "string") return `string "${value.slice(0, 40)}"`;
  return typeof value === "object" ? value.constructor?.name.toLowerCase() : `${typeof value} ${String(value)}`;
}
