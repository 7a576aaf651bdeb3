import * as v from "valibot";

/** What each kind of value looks like to a schema; a list is an object to valibot, and no person means that. */
const SHAPES: Record<string, readonly string[]> = {
  list: ["array", "tuple", "strict_tuple", "loose_tuple"],
  map: ["object", "strict_object", "loose_object", "record"],
};

function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return "list";
  return typeof value === "object" && value !== null ? "map" : typeof value;
}

/** The one option of a union that a value of this shape can mean; undefined when none or several could. */
export function optionOf(union: unknown, shape: string): v.GenericSchema | undefined {
  const { options } = union as { options?: v.GenericSchema[] };
  const meant = (options ?? []).filter(({ type }) => (SHAPES[shape] ?? [shape]).includes(type));
  return meant.length === 1 ? meant[0] : undefined;
}

/**
 * A union says only that none of its options fits. Where the value's shape tells which one was meant, its issues
 * say what is wrong: `rules[0].when is missing` instead of `rules must be a list or a map`, which it is.
 */
export function narrowed(issue: v.BaseIssue<unknown>, union: unknown): v.BaseIssue<unknown>[] {
  const option = issue.type === "union" ? optionOf(union, shapeOf(issue.input)) : undefined;
  const inner = option && v.safeParse(option, issue.input);
  if (!inner || inner.success) return [issue];
  return inner.issues.map(
    (found) => ({ ...found, path: [...(issue.path ?? []), ...(found.path ?? [])] }) as typeof issue,
  );
}
