import type { WholeFloat } from "../packet/index.ts";
import type { Place } from "./diagnostic.ts";
import type { SourceText } from "./source_text.ts";

/** A stretch of a text. */
export interface Spot {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

export type ScalarValue = string | number | boolean | null | WholeFloat;

export interface ScalarTree extends Spot {
  readonly type: "scalar";
  /** The content without quotes and escapes, variables filled in once resolved. */
  readonly text: string;
  /** Quoted or a block scalar: a string whatever it looks like. */
  readonly quoted: boolean;
  /** What the text means; undefined until `resolveTree` has run. */
  readonly value?: ScalarValue;
  /** Text came from a variable, so a schema that wants a string may have it as one. */
  readonly fromVariable?: boolean;
  /** Never shown in a message. */
  readonly secret?: boolean;
  /** Its variable has no value. That was reported, so what follows from it is not. */
  readonly broken?: boolean;
}

export interface MapTree extends Spot {
  readonly type: "map";
  /** Keys that a profile gave, and nobody wrote there. */
  readonly profiled?: ReadonlySet<string>;
  readonly entries: Map<string, { key: Spot; value: Tree }>;
}

export interface ListTree extends Spot {
  readonly type: "list";
  readonly items: Tree[];
}

/** A document with the place of every key and value. */
export type Tree = ScalarTree | MapTree | ListTree;

export type Path = readonly (string | number)[];

export function placeOf(spot: Spot): Place {
  return spot.source.place(spot.start, spot.end);
}

export function childOf(tree: Tree, key: string | number): Tree | undefined {
  if (tree.type === "map") return tree.entries.get(String(key))?.value;
  return tree.type === "list" ? tree.items[Number(key)] : undefined;
}

/** The items of a list under a key; none when something else stands there. */
export function listOf(tree: MapTree, key: string): Tree[] {
  const list = childOf(tree, key);
  return list?.type === "list" ? list.items : [];
}

export function entryOf(tree: Tree | undefined, key: string): { key: Spot; value: Tree } | undefined {
  return tree?.type === "map" ? tree.entries.get(key) : undefined;
}

/** True for a key with nothing behind it, and for a written null. */
export function isNull(tree: Tree | undefined): boolean {
  return tree?.type === "scalar" && tree.value === null;
}

/** The subtree at `path`, or undefined. */
export function descend(tree: Tree, path: Path): Tree | undefined {
  let current: Tree | undefined = tree;
  for (const key of path) current = current && childOf(current, key);
  return current;
}

/**
 * The spot of the value at `path`, or of its key when `what` is `key`. A path that leads out of the
 * document ends at the last part that exists, at its key if it has one.
 */
export function spotAt(tree: Tree, path: Path, what: "key" | "value" = "value"): Spot {
  let current = tree;
  let key: Spot | undefined;
  for (const step of path) {
    const next = childOf(current, step);
    if (next === undefined) return key ?? firstSpot(current);
    key = entryOf(current, String(step))?.key;
    current = next;
  }
  if (what === "key" && key) return key;
  return current.type === "scalar" ? current : (key ?? firstSpot(current));
}

/** A map or list as a whole would underline many lines; its first key or item says enough. */
function firstSpot(tree: Tree): Spot {
  if (tree.type === "map") for (const { key } of tree.entries.values()) return key;
  if (tree.type === "list" && tree.items[0]) return firstSpot(tree.items[0]);
  return tree;
}

/** The tree as ordinary values. Keys such as `__proto__` never get here: the loader refuses them. */
export function plain(tree: Tree): unknown {
  if (tree.type === "scalar") return tree.value;
  if (tree.type === "list") return tree.items.map(plain);
  const map: Record<string, unknown> = {};
  for (const [key, entry] of tree.entries) map[key] = plain(entry.value);
  return map;
}

/** The tree with its places in another source of the same text. */
export function movedTo(source: SourceText, tree: Tree): Tree {
  if (tree.type === "scalar") return { ...tree, source };
  if (tree.type === "list") return { ...tree, source, items: tree.items.map((item) => movedTo(source, item)) };
  const entries: MapTree["entries"] = new Map();
  for (const [name, { key, value }] of tree.entries) {
    entries.set(name, { key: { ...key, source }, value: movedTo(source, value) });
  }
  return { ...tree, source, entries };
}

/** True when a variable somewhere in the tree has no value. */
export function isBroken(tree: Tree): boolean {
  if (tree.type === "scalar") return tree.broken === true;
  if (tree.type === "list") return tree.items.some(isBroken);
  for (const { value } of tree.entries.values()) if (isBroken(value)) return true;
  return false;
}

/** Values in the tree, itself included, counted up to `limit`. */
export function sizeOf(tree: Tree, limit: number): number {
  if (tree.type === "scalar") return 1;
  let size = 1;
  for (const child of tree.type === "list" ? tree.items : [...tree.entries.values()].map((entry) => entry.value)) {
    size += sizeOf(child, limit - size);
    if (size >= limit) return size;
  }
  return size;
}

const PLAIN_KEY = /^[A-Za-z_][\w-]*$/;

/** `nodes[3].config.limit`; keys that are no plain words stand in quotes. */
export function pathText(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (PLAIN_KEY.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
