import type * as v from "valibot";
import { WholeFloat } from "../packet/index.ts";
import { hideCredentials } from "./redact.ts";

/** What valibot's checks demand, in words that follow the name of a value. */
const LIMITS: Record<string, (requirement: unknown, input: unknown) => string> = {
  min_value: (limit) => `must be >= ${limit}`,
  max_value: (limit) => `must be <= ${limit}`,
  gt_value: (limit) => `must be > ${limit}`,
  lt_value: (limit) => `must be < ${limit}`,
  multiple_of: (limit) => `must be a multiple of ${limit}`,
  integer: () => "must be a whole number",
  safe_integer: () => "must be a whole number below 2^53",
  finite: () => "must be a finite number",
  non_empty: () => "must not be empty",
  min_length: (limit, input) => `must have at least ${limit} ${unit(input, limit)}`,
  max_length: (limit, input) => `must have at most ${limit} ${unit(input, limit)}`,
  length: (limit, input) => `must have ${limit} ${unit(input, limit)}`,
  regex: (pattern) => `must match ${pattern}`,
  url: () => "must be a URL",
  min_entries: (limit) => `must have at least ${limit} ${limit === 1 ? "key" : "keys"}`,
  max_entries: (limit) => `must have at most ${limit} keys`,
  starts_with: (text) => `must start with ${show(text)}`,
  ends_with: (text) => `must end with ${show(text)}`,
};

function unit(input: unknown, count: unknown): string {
  return (Array.isArray(input) ? "item" : "character") + (count === 1 ? "" : "s");
}

/** What is wrong with a value: `must be >= 1`. */
export function issuePhrase(issue: v.BaseIssue<unknown>): string {
  // valibot's own messages start like this; anything else is the schema author's.
  if (!issue.message.startsWith("Invalid ")) {
    return issue.message.startsWith("must ") ? issue.message : `is not valid (${issue.message})`;
  }
  const limit = issue.kind === "validation" ? LIMITS[issue.type] : undefined;
  return limit ? limit(issue.requirement, issue.input) : `must be ${expectedText(issue.expected ?? "something else")}`;
}

const TYPE_NAMES: Record<string, string> = {
  number: "a number",
  string: "a string",
  boolean: "true or false",
  Object: "a map",
  Record: "a map",
  Array: "a list",
};

/** valibot's `(string | number)` in words; `undefined` only says that the key may be left out. */
export function expectedText(expected: string): string {
  const options = expected.replace(/[()]/g, "").split(" | ");
  const words = options.filter((option) => option !== "undefined").map((option) => TYPE_NAMES[option] ?? option);
  const choices = words.filter((word) => word.startsWith('"'));
  if (choices.length < 2) return words.join(" or ");
  return [`one of ${choices.join(", ")}`, ...words.filter((word) => !choices.includes(word))].join(" or ");
}

/** A value as it would stand in the file, at most 60 characters, URL passwords hidden. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof WholeFloat) return `${value}.0`;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value);
    return keys.length === 0 ? "an empty map" : `a map with ${keys.slice(0, 5).join(", ").slice(0, 60)}`;
  }
  const text = typeof value === "string" ? JSON.stringify(hideCredentials(value)) : String(value);
  return text.length > 60 ? `${text.slice(0, 56)}..."` : text;
}
