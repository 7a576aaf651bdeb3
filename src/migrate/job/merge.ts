import type { MapTree, ScalarTree, SourceText, Spot, Tree } from "../../graph/raw.ts";
import { readPlain } from "../../graph/raw.ts";

/** One map over another: maps merge deeply, lists and values replace. Every value keeps its place. */
export function mergedTrees(under: MapTree, over: MapTree): MapTree {
  const entries = new Map(under.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key)?.value;
    const both = below?.type === "map" && entry.value.type === "map";
    entries.set(key, both ? { key: entry.key, value: mergedTrees(below, entry.value as MapTree) } : entry);
  }
  return { ...under, entries };
}

export const emptyMap = (at: Spot): MapTree => ({
  type: "map",
  source: at.source,
  start: 0,
  end: 0,
  entries: new Map(),
});

/** A map with one value at a path, every key of which stands at `at`. */
export function treeOf(path: string, value: Tree, at: Spot): MapTree {
  const [first, ...rest] = path.split(".");
  const inner = rest.length === 0 ? value : treeOf(rest.join("."), value, at);
  return { ...emptyMap(at), start: at.start, end: at.end, entries: new Map([[first!, { key: at, value: inner }]]) };
}

/** A value that stands in a text between two offsets; `true`, `false` and numbers are read. */
export function scalarAt(source: SourceText, start: number, end: number, asText = false): ScalarTree {
  const text = source.text.slice(start, end);
  const read = /^(true|false)$/i.test(text) ? text.toLowerCase() === "true" : readPlain(text, "yaml12");
  return { type: "scalar", source, start, end, text, quoted: asText, value: asText || text === "" ? text : read };
}
