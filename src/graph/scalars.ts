import { pythonFloat, WholeFloat } from "../packet/index.ts";
import type { ScalarValue } from "./tree.ts";

/** `yaml12`: the core schema of YAML 1.2. `python`: what the predecessor's reader made of plain scalars. */
export type Dialect = "yaml12" | "python";

type Rule = readonly [pattern: RegExp, read: (text: string) => ScalarValue];

const CONSTANTS: Record<Dialect, ReadonlyMap<string, ScalarValue>> = {
  yaml12: constants({ null: ["", "~", "null"], true: ["true"], false: ["false"] }),
  python: constants({
    null: ["", "~", "null"],
    true: ["true", "yes", "on"],
    false: ["false", "no", "off"],
  }),
};

const infinity: Rule = [/^[-+]?\.(?:inf|Inf|INF)$/, (text) => (text[0] === "-" ? -Infinity : Infinity)];
const notANumber: Rule = [/^\.(?:nan|NaN|NAN)$/, () => Number.NaN];

const RULES: Record<Dialect, readonly Rule[]> = {
  yaml12: [
    [/^[-+]?[0-9]+$/, Number],
    [/^0o[0-7]+$/, Number],
    [/^0x[0-9a-fA-F]+$/, Number],
    [/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/, Number],
    infinity,
    notANumber,
  ],
  // YAML 1.1 as PyYAML reads it, without timestamps and with exponents that need no dot.
  python: [
    [/^[-+]?0b[01_]+$/, (text) => radix(text, 2)],
    [/^[-+]?0[0-7_]+$/, (text) => radix(text, 8)],
    [/^[-+]?(?:0|[1-9][0-9_]*)$/, (text) => Number(digits(text))],
    [/^[-+]?0x[0-9a-fA-F_]+$/, (text) => radix(text, 16)],
    [/^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/, sexagesimal],
    [/^[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?$/, float],
    [/^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$/, float],
    [/^\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?$/, float],
    [/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/, (text) => whole(sexagesimal(text))],
    infinity,
    notANumber,
  ],
};

/** The value a plain (unquoted) scalar stands for. */
export function readPlain(text: string, dialect: Dialect): ScalarValue {
  const constant = CONSTANTS[dialect].get(text);
  if (constant !== undefined) return constant;
  // Numbers start with a digit, a sign or a dot; most scalars are words and end here.
  if (!/^[-+.0-9]/.test(text)) return text;
  for (const [pattern, read] of RULES[dialect]) if (pattern.test(text)) return read(text);
  return text;
}

/** True when the text is a whole number that JavaScript cannot hold exactly. */
export function losesDigits(text: string, value: ScalarValue): boolean {
  return typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER && /^[-+]?[0-9_]+$/.test(text);
}

function constants(words: { null: string[]; true: string[]; false: string[] }): ReadonlyMap<string, ScalarValue> {
  const spellings = (word: string) => [word, word.toUpperCase(), word.slice(0, 1).toUpperCase() + word.slice(1)];
  const map = new Map<string, ScalarValue>();
  for (const word of words.null.flatMap(spellings)) map.set(word, null);
  for (const word of words.true.flatMap(spellings)) map.set(word, true);
  for (const word of words.false.flatMap(spellings)) map.set(word, false);
  return map;
}

function digits(text: string): string {
  return text.replaceAll("_", "");
}

function whole(value: number): ScalarValue {
  return Number.isInteger(value) ? new WholeFloat(value) : value;
}

function float(text: string): ScalarValue {
  return whole(Number(digits(text)));
}

function radix(text: string, base: number): number {
  const value = Number.parseInt(digits(text).replace(/^[-+]?(?:0[bx])?/, "") || "0", base);
  return text[0] === "-" ? -value : value;
}

/** Base 60, as in `12:30:45`. */
function sexagesimal(text: string): number {
  const parts = digits(text).replace(/^[-+]/, "").split(":").map(Number);
  const value = parts.reduce((sum, part) => sum * 60 + part, 0);
  return text[0] === "-" ? -value : value;
}

/** A value as Python's `str` prints it. */
export function pythonText(value: ScalarValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof WholeFloat) return pythonFloat(value.valueOf());
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : pythonFloat(value);
  return value;
}

/** The number that Python's `int` or `float` makes of a text; undefined where they refuse. */
export function pythonNumber(text: string): number | undefined {
  const pattern = /^[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$/;
  return pattern.test(text.trim()) ? Number(digits(text.trim())) : undefined;
}
