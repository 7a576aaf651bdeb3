import * as v from "valibot";
import { pythonFloat, WholeFloat } from "../packet/index.ts";
import type { Findings } from "./findings.ts";
import { type Issue, type IssueContext, issueDiagnostic, issuePath, isUnknownKey, schemaAt } from "./issues.ts";
import { pythonNumber } from "./scalars.ts";
import { descend, type Path, pathText, placeOf, spotAt } from "./tree.ts";
import { narrowed } from "./union_issues.ts";
import { show } from "./words.ts";

export interface CheckOptions extends IssueContext {
  /** Plain value of `tree`; repaired in place where the dialect asks for it. */
  value: unknown;
  /** The predecessor's reading: unknown keys are warnings. */
  compat: boolean;
  /** With `compat`: text that reads as what the schema wants becomes that, with a warning. */
  coerces?: boolean;
  findings: Findings;
}

/** Why 8: each round settles one level of nesting that hid behind another issue. */
const MAX_ROUNDS = 8;

/** Checks a value against a schema and reports every issue at its place. */
export function checkValue(options: CheckOptions): { output: unknown } | undefined {
  const { schema, findings } = options;
  for (let round = 0; ; round++) {
    const result = v.safeParse(schema, options.value);
    if (result.success) return { output: result.output };
    const left = round < MAX_ROUNDS ? result.issues.filter((issue) => !settle(issue, options)) : result.issues;
    // Issues that were settled may have hidden others, so only a round without any settled one counts.
    if (left.length < result.issues.length) continue;
    for (const issue of left.flatMap((whole) => narrowed(whole, schemaAt(schema, issuePath(whole))))) {
      const tree = descend(options.tree, issuePath(issue));
      // Its variable has no value, and that was reported.
      if (tree?.type === "scalar" && tree.broken) continue;
      findings.add(issueDiagnostic(issue, options, "error"));
    }
    return undefined;
  }
}

/** Repairs what the issue is about, where that is allowed; says whether it did. */
function settle(issue: Issue, options: CheckOptions): boolean {
  const path = issuePath(issue);
  if (isUnknownKey(issue)) {
    if (!options.compat) return false;
    options.findings.add(issueDiagnostic(issue, options, "warning"));
    return change(options, path, undefined);
  }
  const wanted = wantedTypes(issue);
  const scalar = descend(options.tree, path);
  const isScalar = scalar?.type === "scalar";
  if (wanted.has("string") && isScalar && scalar.fromVariable && typeof issue.input !== "string") {
    return change(options, path, scalar.text);
  }
  if (!options.compat || !options.coerces) return false;
  // The same number: nothing is lost, so nothing is said.
  if (wanted.has("number") && issue.input instanceof WholeFloat) return change(options, path, issue.input.valueOf());
  const coerced = coerce(issue.input, wanted);
  if (coerced === undefined) return false;
  warnCoerced(options, path, issue.input, coerced, isScalar && scalar.secret === true);
  return change(options, path, coerced);
}

/** Types that would do at the place of the issue, also within a union. */
function wantedTypes(issue: Issue): Set<string> {
  const here = issue.issues?.filter((inner) => !inner.path) ?? [];
  return new Set([issue, ...here].filter((inner) => inner.kind === "schema").map((inner) => inner.type));
}

const TRUTH = new Map(
  Object.entries({ true: true, yes: true, on: true, 1: true, false: false, no: false, off: false, 0: false }),
);

function coerce(input: unknown, wanted: ReadonlySet<string>): unknown {
  if (typeof input === "string") {
    const number = wanted.has("number") ? pythonNumber(input) : undefined;
    if (number !== undefined) return number;
    return wanted.has("boolean") ? TRUTH.get(input.trim().toLowerCase()) : undefined;
  }
  if (wanted.has("boolean") && (input === 0 || input === 1)) return input === 1;
  if (!wanted.has("string")) return undefined;
  if (input instanceof WholeFloat) return pythonFloat(input.valueOf());
  return typeof input === "number" || typeof input === "boolean" ? String(input) : undefined;
}

export function warnCoerced(
  { tree, base, subject, name, findings }: Pick<CheckOptions, "tree" | "base" | "subject" | "name" | "findings">,
  path: Path,
  from: unknown,
  to: unknown,
  secret: boolean,
) {
  const values = secret ? "a hidden value" : `${show(from)} as ${show(to)}`;
  findings.add({
    code: "COERCED",
    severity: "warning",
    message: `In ${subject}, ${pathText([name, ...path])} reads ${values}`,
    place: placeOf(spotAt(tree, path)),
    path: pathText([...base, ...path]),
    hint: "write it with the type it means",
  });
}

/** Replaces the value at `path`, or removes it. False when there is no such place. */
function change(options: CheckOptions, path: Path, to: unknown): boolean {
  const last = path.at(-1);
  if (last === undefined) {
    options.value = to;
    return true;
  }
  let parent: unknown = options.value;
  for (const step of path.slice(0, -1)) parent = (parent as Record<string, unknown> | undefined)?.[step];
  if (typeof parent !== "object" || parent === null) return false;
  if (to === undefined) return Reflect.deleteProperty(parent, last);
  return Reflect.set(parent, last, to);
}
