import * as v from "valibot";
import type { ConfigIssue } from "../../node/index.ts";
import { compileValue, type ExpressionInput, expressionIssues } from "../expression.ts";
import { isMap, keysOf, type PayloadPath, pathText, readPath, withoutPath, withPath } from "../payload_path.ts";

const key = v.pipe(v.string(), v.minLength(1));
const path = v.union([key, v.pipe(v.array(key), v.minLength(1))]);

export const mapOp = v.strictObject({
  set: v.pipe(v.optional(path), v.description("Path that gets `value` or the result of `cel`.")),
  value: v.pipe(v.optional(v.unknown()), v.description("Constant for `set`.")),
  cel: v.pipe(v.optional(key), v.description("CEL expression for `set`; it sees what the operations before made.")),
  rename: v.pipe(v.optional(path), v.description("Path whose value moves `to` another.")),
  to: v.pipe(v.optional(path), v.description("New path for `rename`.")),
  optional: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Lets `rename` pass payloads without that path; otherwise they are errors."),
  ),
  remove: v.pipe(v.optional(v.union([key, v.array(path)])), v.description("A path, or a list of paths, to leave out.")),
});

export type MapOp = v.InferOutput<typeof mapOp>;

const VERBS = ["set", "rename", "remove"] as const;
const ALLOWED: Record<(typeof VERBS)[number], readonly string[]> = {
  set: ["set", "value", "cel"],
  rename: ["rename", "to", "optional"],
  remove: ["remove"],
};
// Assigning to it would change the prototype of the copy instead of adding a key.
const FORBIDDEN = "__proto__";

/** What is wrong with an operation beyond the types of its keys. */
export function opIssues(op: MapOp, at: readonly (string | number)[]): ConfigIssue[] {
  const given = Object.keys(op).filter((name) => name !== "optional" || op.optional);
  const verbs = VERBS.filter((verb) => given.includes(verb));
  const [verb] = verbs;
  if (verb === undefined || verbs.length > 1) {
    return [
      {
        path: at,
        message: `an operation has one of set, rename and remove: this one has ${verbs.join(", ") || "none"}`,
      },
    ];
  }
  const strange = given.filter((name) => !ALLOWED[verb].includes(name));
  return [
    ...strange.map((name) => ({ path: [...at, name], message: `"${name}" does not belong to ${verb}` })),
    ...pathsOf(op)
      .filter((path) => keysOf(path).some((key) => key === "" || key === FORBIDDEN))
      .map((path) => ({
        path: [...at, verb],
        message: `"${pathText(path)}" is no path: its keys may be neither empty nor ${FORBIDDEN}`,
      })),
    ...partIssues(op, verb, at),
  ];
}

function partIssues(op: MapOp, verb: string, at: readonly (string | number)[]): ConfigIssue[] {
  if (verb === "rename") return op.to === undefined ? [{ path: at, message: "rename needs `to`" }] : [];
  if (verb !== "set") return [];
  if ("value" in op === "cel" in op) return [{ path: at, message: "set needs either `value` or `cel`" }];
  return op.cel === undefined ? [] : expressionIssues([...at, "cel"], op.cel);
}

function pathsOf({ set, rename, to, remove }: MapOp): PayloadPath[] {
  const removed = Array.isArray(remove) ? remove : [remove];
  return [set, rename, to, ...removed].filter((path) => path !== undefined);
}

/** Changes a payload; what it is given is never modified. */
export type PayloadChange = (packet: ExpressionInput, payload: unknown) => unknown;

/** One function for a whole list of operations. The input packet's payload must be a map. */
export function compileOps(ops: readonly MapOp[]): (packet: ExpressionInput) => unknown {
  const changes = ops.map(compileOp);
  return (packet) => {
    if (!isMap(packet.payload))
      throw new TypeError("cannot change the payload: operations need a map, use jsonata for others");
    let payload: unknown = packet.payload;
    for (const change of changes) payload = change(packet, payload);
    return payload;
  };
}

function compileOp(op: MapOp): PayloadChange {
  const { set, cel, value, rename, to, remove, optional } = op;
  if (set !== undefined && cel === undefined) return (_packet, payload) => withPath(payload, set, value);
  if (set !== undefined) {
    const evaluate = compileValue(cel!);
    return ({ meta, kind, source_id, ts }, payload) =>
      withPath(payload, set, evaluate({ payload, meta, kind, source_id, ts }));
  }
  if (rename !== undefined) return (_packet, payload) => renamed(payload, rename, to!, optional);
  const paths = Array.isArray(remove) ? remove : [remove!];
  return (_packet, payload) => paths.reduce<unknown>((rest, path) => withoutPath(rest, path), payload);
}

function renamed(payload: unknown, from: PayloadPath, to: PayloadPath, optional: boolean): unknown {
  const { found, value } = readPath(payload, from);
  if (found) return withPath(withoutPath(payload, from), to, value);
  if (optional) return payload;
  throw new Error(`cannot rename "${pathText(from)}": the payload has no such key; set optional: true to let it pass`);
}
