import * as v from "valibot";
import { BYTE_SIZE } from "../../base/byte_size.ts";
import { DURATION } from "../../base/duration.ts";
import { checkValue } from "../check_value.ts";
import { anyList, anyMap } from "../containers.ts";
import type { Findings } from "../findings.ts";
import type { Reader } from "../reader.ts";
import { childOf, entryOf, type MapTree, type Path, pathText, plain, spotAt, type Tree } from "../tree.ts";

const size = v.pipe(v.string(), v.regex(BYTE_SIZE, "must be a number of bytes or a size such as 64MiB"));

/** What a parameter may hold. Times and sizes stay as they are written: keys of the language and of nodes read them. */
const TYPES = {
  string: v.string(),
  number: v.number(),
  integer: v.pipe(v.number(), v.integer()),
  boolean: v.boolean(),
  list: anyList,
  map: anyMap,
  duration: v.pipe(v.string(), v.regex(DURATION, "must be a time such as 90s, 12h or 7d")),
  bytes: v.union([v.pipe(v.number(), v.integer(), v.minValue(0)), size], "must be a size such as 64MiB"),
} as const;
type Type = keyof typeof TYPES;

export const parameterShape = v.strictObject({
  type: v.pipe(v.picklist(Object.keys(TYPES) as Type[]), v.description("What it may hold.")),
  required: v.optional(v.pipe(v.boolean(), v.description("True unless it has a default."))),
  default: v.optional(v.pipe(v.unknown(), v.description("Its value where a graph gives none."))),
  description: v.optional(v.pipe(v.string(), v.description("What it is for; shown where a value is wrong."))),
});

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

interface Parameter {
  type: Type;
  fallback: Tree | undefined;
  description: string | undefined;
}

/** `parameters:` of a file: what the nodes that bring it in may say. */
export class Parameters {
  readonly #declared: ReadonlyMap<string, Parameter>;
  readonly #schema: v.GenericSchema<unknown, unknown>;

  private constructor(declared: ReadonlyMap<string, Parameter>) {
    this.#declared = declared;
    this.#schema = v.strictObject(Object.fromEntries([...declared].map(([name, one]) => [name, schemaOf(one)])));
  }

  /** Reads them from a document with values; faults are reported. */
  static read(root: MapTree, reader: Reader): Parameters {
    const declared = new Map<string, Parameter>();
    const tree = childOf(root, "parameters");
    for (const name of tree?.type === "map" ? tree.entries.keys() : []) {
      const one = readOne(name, tree as MapTree, reader);
      if (one) declared.set(name, one);
    }
    return new Parameters(declared);
  }

  /**
   * The values that a node gives, with defaults, for `${params.…}`; undefined when they have faults, which are
   * reported at the node. `file` as the node writes it.
   */
  check(given: MapTree, file: string, base: Path, findings: Findings): MapTree | undefined {
    const value = Object.fromEntries([...given.entries].map(([name, entry]) => [name, plain(entry.value)]));
    const [action, subject] = [`use "${file}"`, `"${file}"`];
    const checked = checkValue({
      ...{ schema: this.#schema, value, tree: given, base: [...base, "with"], action, subject, name: "with" },
      ...{ code: "PARAMETER_VALUE", compat: false, findings },
    });
    if (!checked) return undefined;
    const entries: MapTree["entries"] = new Map();
    for (const [name, { type, fallback }] of this.#declared) {
      const entry = entryOf(given, name);
      const tree = entry?.value ?? fallback;
      if (tree) entries.set(name, { key: entry?.key ?? tree, value: type === "string" ? asText(tree) : tree });
    }
    return { ...given, entries };
  }
}

/** A type's schema with what the file says of the parameter, which messages show. */
function schemaOf({ type, fallback, description }: Parameter): v.GenericSchema<unknown, unknown> {
  const schema = TYPES[type] as v.GenericSchema<unknown, unknown>;
  const described = description === undefined ? schema : v.pipe(schema, v.description(description));
  return fallback === undefined ? described : v.optional(described);
}

function readOne(name: string, all: MapTree, reader: Reader): Parameter | undefined {
  const path: Path = ["parameters", name];
  const { key, value: tree } = all.entries.get(name)!;
  const action = `Cannot read ${pathText(path)} as`;
  if (!NAME.test(name)) {
    return reader.refuse("BAD_SHAPE", key, path, `${action} a parameter's name must match ${NAME.source}`);
  }
  if (tree.type !== "map") {
    const hint = `write ${name}: { type: string }`;
    return reader.refuse("BAD_SHAPE", tree, path, `${action} it must be a map with a type`, hint);
  }
  const shape = reader.shape(parameterShape, tree, path, { subject: pathText(path) });
  if (shape === undefined) return undefined;
  const fallback = childOf(tree, "default");
  if (shape.required !== undefined && shape.required === (fallback !== undefined)) {
    const why = shape.required ? "a default is never taken of one that is required" : "it has no default";
    const hint = shape.required ? "remove one of them" : "give it a default, or leave required out";
    const at = spotAt(tree, ["required"]);
    return reader.refuse("BAD_SHAPE", at, path, `${action} required is ${shape.required}, and ${why}`, hint);
  }
  if (fallback !== undefined && !holds(shape.type, fallback, path, reader)) return undefined;
  return {
    type: shape.type,
    fallback: fallback && (shape.type === "string" ? asText(fallback) : fallback),
    description: shape.description,
  };
}

function holds(type: Type, tree: Tree, path: Path, { findings }: Reader): boolean {
  const subject = pathText(path);
  const base = [...path, "default"];
  const about = { action: `read ${subject}`, subject, name: "default", code: "PARAMETER_VALUE" as const };
  return (
    checkValue({ schema: TYPES[type], value: plain(tree), tree, base, ...about, compat: false, findings }) !== undefined
  );
}

/** What came from a variable is text if a text is wanted, as in a node's config. */
function asText(tree: Tree): Tree {
  return tree.type === "scalar" && tree.fromVariable ? { ...tree, value: tree.text, quoted: true } : tree;
}
