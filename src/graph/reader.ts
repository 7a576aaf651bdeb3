import type * as v from "valibot";
import { checkValue } from "./check_value.ts";
import type { DiagnosticCode } from "./diagnostic.ts";
import type { Findings } from "./findings.ts";
import { NOT_BUILT_IN_YET } from "./schema.ts";
import { entryOf, type MapTree, type Path, pathText, placeOf, plain, type Spot, spotAt, type Tree } from "./tree.ts";

export interface ShapeOptions {
  /** `nodes[3]`, or `the graph`. */
  subject: string;
  name?: string;
  /** False: an unknown key is an error even in an old graph. */
  lenient?: boolean;
  strayKeys?: Readonly<Record<string, string>>;
}

/** What the readers of graph, node and edge share: reporting, aliases, keys that are not built yet. */
export class Reader {
  readonly compat: boolean;
  readonly findings: Findings;

  constructor(compat: boolean, findings: Findings) {
    this.compat = compat;
    this.findings = findings;
  }

  refuse(code: DiagnosticCode, at: Spot | Tree, path: Path, message: string, hint?: string): undefined {
    this.#add("error", code, at, path, message, hint);
    return undefined;
  }

  warn(code: DiagnosticCode, at: Spot | Tree, path: Path, message: string, hint?: string) {
    this.#add("warning", code, at, path, message, hint);
  }

  #add(
    severity: "error" | "warning",
    code: DiagnosticCode,
    at: Spot | Tree,
    path: Path,
    message: string,
    hint?: string,
  ) {
    const place = placeOf("type" in at ? spotAt(at, []) : at);
    this.findings.add({
      code,
      severity,
      message,
      place,
      path: pathText(path),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** Checks a map of the language itself; faults are reported. */
  shape<Schema extends v.GenericSchema<unknown, unknown>>(
    schema: Schema,
    tree: MapTree,
    base: Path,
    { subject, name = "", lenient = this.compat, strayKeys = {} }: ShapeOptions,
  ): v.InferOutput<Schema> | undefined {
    const { findings } = this;
    const value = plain(tree);
    const result = checkValue({
      schema,
      value,
      tree,
      base,
      action: `read ${subject}`,
      subject,
      name,
      code: "BAD_SHAPE",
      strayKeys,
      compat: lenient,
      findings,
    });
    return result?.output as v.InferOutput<Schema> | undefined;
  }

  /** Leaves out the second name of a pair where both stand, and says so. */
  aliases(tree: MapTree, pairs: readonly (readonly [string, string])[], base: Path): MapTree {
    const shadowed: string[] = [];
    for (const [first, second] of pairs) {
      const other = entryOf(tree, second);
      if (!other || !tree.entries.has(first)) continue;
      shadowed.push(second);
      this.shadowed(other.key, base, second, first);
    }
    return without(tree, shadowed);
  }

  shadowed(spot: Spot, base: Path, loser: string, winner: string) {
    const message = `${pathText(base)}.${loser} is not used, as ${winner} means the same and wins`;
    this.warn("SHADOWED_ALIAS", spot, base, message, "remove one of them");
  }

  /** Reports keys whose part of the language is not built yet and leaves them out. */
  built(tree: MapTree, level: keyof typeof NOT_BUILT_IN_YET, base: Path): MapTree {
    const absent: string[] = [];
    for (const [key, entry] of tree.entries) {
      if (!Object.hasOwn(NOT_BUILT_IN_YET[level], key)) continue;
      absent.push(key);
      const message = `Cannot run the graph as "${key}" (${NOT_BUILT_IN_YET[level][key]}) is not built into this version`;
      this.refuse("NOT_BUILT_IN_YET", entry.key, [...base, key], message, "remove it, or use a version that has it");
    }
    return without(tree, absent);
  }
}

/** The map without some keys; places stay. */
export function without(tree: MapTree, keys: readonly string[]): MapTree {
  if (!keys.some((key) => tree.entries.has(key))) return tree;
  const entries = new Map(tree.entries);
  for (const key of keys) entries.delete(key);
  return { ...tree, entries };
}
