import type { TestCase, TestFile } from "./shape.ts";

/** Keys that a case adds to what the file says; all others take its place. */
const ADDED = ["set", "env", "given", "replace"] as const;

/** A case with what the file says for all. */
export function wholeCase({ graph: _, cases: __, ...shared }: TestFile, own: TestCase): TestCase {
  const merged = { ...shared, ...own };
  const added = ADDED.map((key) => [key, shared[key] && own[key] ? { ...shared[key], ...own[key] } : merged[key]]);
  return { ...merged, ...Object.fromEntries(added.filter(([, value]) => value !== undefined)) };
}

/** Where something of a case stands: in the case itself, or in what the file says for all. */
export function pathIn(
  own: TestCase,
  index: number,
  [key, name, ...rest]: readonly (string | number)[],
): (string | number)[] {
  const inCase = (own as Record<string, unknown>)[key!] as Record<string, unknown> | undefined;
  const isAdded = (ADDED as readonly (string | number | undefined)[]).includes(key);
  const here = inCase !== undefined && (!isAdded || name === undefined || Object.hasOwn(inCase, name));
  const tail = name === undefined ? [key!] : [key!, name, ...rest];
  return here ? ["cases", index, ...tail] : tail;
}

/** `set` as `--set` takes it. */
export const setArguments = ({ set = {} }: Pick<TestCase, "set">): string[] =>
  Object.entries(set).map(([path, value]) => `${path}=${typeof value === "string" ? value : JSON.stringify(value)}`);
