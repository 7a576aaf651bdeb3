import type { MapTree, Tree } from "../tree.ts";

/** `top` with what `below` says where it says nothing itself, map by map. Everything but maps is taken whole. */
export function mergedOver(top: MapTree, below: MapTree): MapTree {
  const entries = new Map(top.entries);
  for (const [name, entry] of below.entries) {
    const own = top.entries.get(name);
    if (own === undefined) entries.set(name, entry);
    else if (own.value.type === "map" && entry.value.type === "map") {
      entries.set(name, { key: own.key, value: mergedOver(own.value, entry.value) });
    }
  }
  return { ...top, entries };
}

/** As {@link mergedOver}; the keys that come from below are known as not written there, in maps within as well. */
export function filledUp(written: MapTree, below: MapTree): MapTree {
  const entries = new Map(written.entries);
  const profiled = new Set<string>();
  for (const [name, { key, value }] of below.entries) {
    const own = written.entries.get(name);
    if (own === undefined) profiled.add(name);
    if (own === undefined && value.type !== "map") entries.set(name, { key, value });
    else if (value.type === "map" && (own === undefined || own.value.type === "map")) {
      const inner = own?.value.type === "map" ? own.value : { ...value, entries: new Map() };
      entries.set(name, { key: own?.key ?? key, value: filledUp(inner, value) });
    }
  }
  return { ...written, entries, profiled };
}

/** The map with another value under a key. */
export function withValue(tree: MapTree, name: string, value: Tree): MapTree {
  const key = tree.entries.get(name)?.key ?? value;
  return { ...tree, entries: new Map(tree.entries).set(name, { key, value }) };
}
