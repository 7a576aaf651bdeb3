import type * as v from "valibot";
import type { ReadRuntime } from "./delivery.ts";
import { legacyRuntime } from "./legacy_runtime.ts";
import { type Reader, without } from "./reader.ts";
import { runtimeAliasShape, runtimeOptions, runtimeShape } from "./runtime.ts";
import { NODE_ALIASES, nodeShape, STRAY_KEYS } from "./schema.ts";
import {
  childOf,
  entryOf,
  isBroken,
  isNull,
  type MapTree,
  type Path,
  pathText,
  plain,
  spotAt,
  type Tree,
} from "./tree.ts";
import { show } from "./words.ts";

/** What is written about a node besides its name and its kind. */
export interface ReadParts {
  runtime: ReadRuntime;
  /** Keys of `runtime` that are written. */
  runtimeKeys: readonly string[];
  /** Keys of `runtime.inbox` that are written. */
  inboxKeys: readonly string[];
  /** The `config` map without `__runtime__`; undefined when it is left out. */
  config: MapTree | undefined;
}

/** A node as written, before its plugin is looked up. */
export interface ReadNode extends ReadParts {
  /** Position in the document's list. */
  index: number;
  /** Where it stands in the document: `["nodes", 3]`. */
  base: Path;
  /** The same as text: `nodes[3]`. */
  path: string;
  id: string;
  /** As in {@link DraftNode}. */
  scope?: string;
  folder?: string;
  plugin: string;
  kind: string | undefined;
  tree: MapTree;
}

type WrittenRuntime = { tree: Tree; path: Path; isAlias: boolean };

/** Reads one item of `nodes` and reports its faults; undefined when it says no id or no plugin. */
export function readNode(tree: Tree, index: number, reader: Reader): ReadNode | undefined {
  const base: Path = ["nodes", index];
  const action = `Cannot read nodes[${index}] as`;
  if (tree.type !== "map") {
    return reader.refuse(
      "BAD_SHAPE",
      tree,
      base,
      `${action} a node must be a map: current value is ${show(plain(tree))}`,
    );
  }
  const known = reader.aliases(reader.built(tree, "node", base), NODE_ALIASES, base);
  const parts = readParts(known, base, reader);
  const shape = reader.shape(nodeShape, without(known, ["runtime", "config"]), base, {
    subject: `nodes[${index}]`,
    strayKeys: STRAY_KEYS.node,
  });
  if (shape && shape.id === undefined && shape.node_id === undefined) {
    reader.refuse("MISSING_KEY", tree, base, `${action} id is missing: it must be a string`);
  }
  // A name that is not known yet would make every edge to it lead nowhere.
  if (isBroken(childOf(tree, "id") ?? childOf(tree, "node_id") ?? tree)) return undefined;
  // Faults in other keys do not keep the config from being checked, so all of them are told at once.
  const id = shape ? (shape.id ?? shape.node_id) : (textAt(known, "id") ?? textAt(known, "node_id"));
  const plugin = shape ? shape.plugin : textAt(known, "plugin");
  if (id === undefined || plugin === undefined) return undefined;
  return {
    ...parts,
    index,
    base,
    path: `nodes[${index}]`,
    id,
    plugin,
    kind: shape?.kind,
    tree,
  };
}

/** `config` and `runtime` of a node, whose faults are reported. */
export function readParts(node: MapTree, base: Path, reader: Reader): ReadParts {
  const config = configOf(node, base, reader);
  const written = runtimeOf(node, config, base, reader);
  const runtime = written ? readRuntime(written, base, reader) : runtimeOptions();
  return {
    runtime: runtime ?? runtimeOptions(),
    runtimeKeys: keysOf(written?.tree),
    inboxKeys: keysOf(written?.tree.type === "map" ? childOf(written.tree, "inbox") : undefined),
    config: config && without(config, ["__runtime__"]),
  };
}

/** The text of a key as the schema reads it: trimmed, and undefined when there is none. */
function textAt(node: MapTree, key: string): string | undefined {
  const tree = childOf(node, key);
  const text = tree?.type === "scalar" && typeof tree.value === "string" ? tree.value.trim() : "";
  return text === "" ? undefined : text;
}

function configOf(node: MapTree, base: Path, reader: Reader): MapTree | undefined {
  const tree = childOf(node, "config");
  if (tree === undefined || tree.type === "map" || isNull(tree)) return tree?.type === "map" ? tree : undefined;
  const path = [...base, "config"];
  if (reader.compat) {
    reader.warn("SLOPPY_SHAPE", tree, path, `${pathText(path)} is no map and counts as empty`);
    return undefined;
  }
  return reader.refuse(
    "BAD_SHAPE",
    tree,
    path,
    `Cannot read ${pathText(base)} as config must be a map: current value is ${show(plain(tree))}`,
  );
}

/** Those that are written there; what a profile says of all nodes is no mistake where it has no effect. */
const keysOf = (tree: Tree | undefined): string[] =>
  tree?.type === "map" ? [...tree.entries.keys()].filter((key) => !tree.profiled?.has(key)) : [];

/** `runtime` of the node, or the predecessor's `config.__runtime__`; the first wins. */
function runtimeOf(node: MapTree, config: MapTree | undefined, base: Path, reader: Reader): WrittenRuntime | undefined {
  const own = childOf(node, "runtime");
  const alias = entryOf(config, "__runtime__");
  if (own && alias) reader.shadowed(alias.key, base, "config.__runtime__", "runtime");
  if (own) return { tree: own, path: ["runtime"], isAlias: false };
  return alias && { tree: alias.value, path: ["config", "__runtime__"], isAlias: true };
}

function readRuntime({ tree, path, isAlias }: WrittenRuntime, base: Path, reader: Reader): ReadRuntime | undefined {
  const full = [...base, ...path];
  if (isNull(tree)) return runtimeOptions();
  if (tree.type !== "map") {
    if (reader.compat && isAlias) {
      reader.warn("SLOPPY_SHAPE", tree, full, `${pathText(full)} is no map and counts as empty`);
      return runtimeOptions();
    }
    return reader.refuse(
      "BAD_SHAPE",
      tree,
      full,
      `Cannot read ${pathText(full)} as it must be a map: current value is ${show(plain(tree))}`,
    );
  }
  if (reader.compat && isAlias) return readLegacy(tree, full, reader);
  const shape = reader.shape(isAlias ? runtimeAliasShape : runtimeShape, reader.built(tree, "runtime", full), full, {
    subject: pathText(base),
    name: path.join("."),
    strayKeys: STRAY_KEYS.runtime,
  });
  return shape && weighted(shape, tree, full, reader);
}

function weighted(given: v.InferOutput<typeof runtimeAliasShape>, tree: Tree, path: Path, reader: Reader) {
  const options = runtimeOptions(given);
  if (options.inbox.overflow !== "weighted_drop" || given.inbox?.weights || given.overflow_weights) return options;
  const at = spotAt(tree, given.inbox ? ["inbox", "overflow"] : ["inbox_overflow"]);
  const message = `Cannot read ${pathText(path)} as overflow is weighted_drop but weights are missing`;
  return reader.refuse("MISSING_KEY", at, path, message, "add weights: { key: group_id, values: { a: 1, b: 5 } }");
}

function readLegacy(tree: MapTree, path: Path, reader: Reader): ReadRuntime {
  return legacyRuntime(plain(tree) as Record<string, unknown>, (key, message) =>
    reader.warn("SLOPPY_SHAPE", spotAt(tree, [key]), [...path, key], `At ${pathText(path)}, ${message}`),
  );
}
