import * as v from "valibot";
import { didYouMean } from "../base/suggest.ts";
import type { Diagnostic, DiagnosticCode } from "./diagnostic.ts";
import { HIDDEN, SECRET_NAME } from "./redact.ts";
import { readPlain } from "./scalars.ts";
import { timeHint } from "./time_hint.ts";
import { descend, type Path, pathText, placeOf, spotAt, type Tree } from "./tree.ts";
import { optionOf } from "./union_issues.ts";
import { expectedText, issuePhrase, show } from "./words.ts";

export type Issue = v.BaseIssue<unknown>;
type Schema = { expects: string; [part: string]: unknown };

/** What an issue is about, so that its message can say so. */
export interface IssueContext {
  schema: v.GenericSchema<unknown, unknown>;
  /** The value the schema saw, in the document. */
  tree: Tree;
  /** Where `tree` stands, for `Diagnostic.path`. */
  base: Path;
  /** `create node "limit" (rate_limit)`, what cannot be done when there is an error. */
  action: string;
  /** `node "limit" (rate_limit)`, what a warning is about. */
  subject: string;
  /** Name of the value in the message: `config`. */
  name: string;
  /** Code for a value of the wrong type or range. */
  code: DiagnosticCode;
  /** What to do about an unknown key that resembles none: by key, `*` for all others. */
  strayKeys?: Readonly<Record<string, string>>;
}

export function issuePath(issue: Issue): (string | number)[] {
  return (issue.path ?? []).map((item) => (typeof item.key === "number" ? item.key : String(item.key)));
}

export function isUnknownKey(issue: Issue): boolean {
  return issue.expected === "never" && issue.path?.at(-1)?.origin === "key";
}

function isMissingKey(issue: Issue): boolean {
  return issue.path?.at(-1)?.origin === "key" && issue.received === "undefined" && !isUnknownKey(issue);
}

/** A schema's finding as a diagnostic at the key or value it is about. */
export function issueDiagnostic(issue: Issue, context: IssueContext, severity: Diagnostic["severity"]): Diagnostic {
  const path = issuePath(issue);
  const found = isUnknownKey(issue)
    ? unknownKey(path, context)
    : isMissingKey(issue)
      ? missingKey(path, context)
      : badValue(issue, path, context);
  const document = [...context.base, ...path];
  const lead = severity === "error" ? `Cannot ${context.action} as ` : `Ignored in ${context.subject}: `;
  return { severity, path: pathText(document), ...found, message: lead + found.message };
}

type Found = Pick<Diagnostic, "code" | "message" | "place" | "hint">;

function unknownKey(path: Path, { schema, tree, name, strayKeys = {} }: IssueContext): Found {
  const key = String(path.at(-1));
  const known = keysAt(schema, path.slice(0, -1));
  const hint = keyHint(key, known, path.length === 1 ? strayKeys : {});
  const place = placeOf(spotAt(tree, path, "key"));
  const parent = label(name, path.slice(0, -1));
  const has = known.length === 0 ? "it has no keys" : `its keys are ${known.join(", ")}`;
  const message = `${label(name, path)} is not known${parent ? ` in ${parent}` : ""}: ${has}`;
  return { code: "UNKNOWN_KEY", message, place, ...(hint === undefined ? {} : { hint }) };
}

function keyHint(key: string, known: readonly string[], stray: Readonly<Record<string, string>>): string | undefined {
  if (Object.hasOwn(stray, key)) return stray[key];
  const start = key.split(":")[0]!;
  if (start !== key && known.includes(start)) return `a space stands behind the colon: ${start}: …`;
  const near = didYouMean(key, known);
  return near === undefined ? stray["*"] : `did you mean "${near}"?`;
}

function missingKey(path: Path, { schema, tree, name }: IssueContext): Found {
  const wanted = schemaAt(schema, path);
  const needs = wanted ? `: it must be ${expectedText(wanted.expects)}` : "";
  const place = placeOf(spotAt(tree, path.slice(0, -1)));
  const hint = describedAs(schema, path);
  return {
    code: "MISSING_KEY",
    message: `${label(name, path)} is missing${needs}`,
    place,
    ...(hint === undefined ? {} : { hint }),
  };
}

function badValue(issue: Issue, path: Path, { schema, tree, name, code }: IssueContext): Found {
  const at = descend(tree, path);
  const shown = isSecret(issue.input, at, path) ? HIDDEN : show(issue.input);
  const phrase = issuePhrase(issue);
  const hint = timeHint(schemaAt(schema, path), issue.input) ?? valueHint(issue, at) ?? describedAs(schema, path);
  const message = `${label(name, path)} ${phrase}: current value is ${shown}`;
  return { code, message, place: placeOf(spotAt(tree, path)), ...(hint ? { hint } : {}) };
}

/** It came from a secret, or its key says that it is one: a token typed into the graph is one as well. */
function isSecret(value: unknown, at: Tree | undefined, path: Path): boolean {
  if (at?.type === "scalar" && at.secret) return true;
  return typeof value === "string" && SECRET_NAME.test(String(path.at(-1)));
}

const withoutLinks = (markdown: string) => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");

/** What the schema's author says of a value: what is meant by it, where type and range were not enough. */
function describedAs(schema: unknown, path: Path): string | undefined {
  let layer = path.length === 0 ? undefined : partOf(schemaAt(schema, path.slice(0, -1)), path.at(-1)!);
  while (isRecord(layer)) {
    const doc = v.getDescription(layer as unknown as v.GenericSchema);
    if (doc !== undefined) return `${path.at(-1)}: ${withoutLinks(doc).replace(/\.$/, "")}`;
    layer = layer.wrapped;
  }
  return undefined;
}

function label(name: string, path: Path): string {
  const text = pathText(path);
  if (name === "" || text === "") return name + text;
  return text.startsWith("[") ? name + text : `${name}.${text}`;
}

function valueHint(issue: Issue, tree: Tree | undefined): string | undefined {
  const text = issue.input;
  if (typeof text !== "string") return undefined;
  const options = [...(issue.expected ?? "").matchAll(/"([^"]*)"/g)].map((match) => match[1]!);
  const near = didYouMean(text, options);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (tree?.type !== "scalar" || !tree.quoted || typeof readPlain(text, "yaml12") !== issue.expected) return undefined;
  const where = tree.fromVariable ? "; inside { } it needs them, so write the key on a line of its own" : "";
  return `without the quotes it is read as a ${issue.expected}${where}`;
}

function keysAt(schema: unknown, path: Path): string[] {
  const at = schemaAt(schema, path);
  const found = at?.type === "union" ? unwrap(optionOf(at, "map")) : at;
  return found && isRecord(found.entries) ? Object.keys(found.entries) : [];
}

/** The schema of the value at `path`, through optional, list, record, pipe, and a union of a list and a map. */
export function schemaAt(schema: unknown, path: Path): Schema | undefined {
  let current = unwrap(schema);
  for (const step of path) {
    if (!current) return undefined;
    current = unwrap(partOf(current, step));
  }
  return current;
}

function partOf(schema: Schema | undefined, step: string | number): unknown {
  if (schema?.type === "union")
    return partOf(unwrap(optionOf(schema, typeof step === "number" ? "list" : "map")), step);
  if (!schema) return undefined;
  const entries = schema.entries as Record<string, unknown> | undefined;
  const items = schema.items as unknown[] | undefined;
  return entries?.[String(step)] ?? items?.[Number(step)] ?? schema.item ?? schema.value;
}

function unwrap(schema: unknown): Schema | undefined {
  let current = schema;
  while (isRecord(current) && isRecord(current.wrapped)) current = current.wrapped;
  return isRecord(current) ? (current as Schema) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
