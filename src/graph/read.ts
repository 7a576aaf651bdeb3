import type * as v from "valibot";
import { checkValue } from "./check_value.ts";
import type { DiagnosticCode } from "./diagnostic.ts";
import type { LooseEdge } from "./draft.ts";
import type { Findings } from "./findings.ts";
import { show } from "./issues.ts";
import { legacyRuntime } from "./legacy_runtime.ts";
import type { RuntimeOptions } from "./plan.ts";
import { runtimeAliasShape, runtimeOptions } from "./runtime.ts";
import { EDGE_ALIASES, edgeShape, graphShape, NODE_ALIASES, NOT_BUILT_IN_YET, nodeShape } from "./schema.ts";
import { childOf, entryOf, type MapTree, type Path, pathText, placeOf, plain, spotAt, type Tree } from "./tree.ts";

/** A node as written, before its plugin is looked up. */
export interface ReadNode {
  index: number;
  path: string;
  id: string;
  plugin: string;
  kind: string | undefined;
  runtime: RuntimeOptions;
  runtimeKeys: readonly string[];
  /** The `config` map without `__runtime__`; undefined when it is left out. */
  config: MapTree | undefined;
  tree: MapTree;
}

export interface ReadGraph {
  name: string | undefined;
  http: { listen: string } | undefined;
  nodes: ReadNode[];
  edges: LooseEdge[];
  unreadIds: Set<string>;
  incomplete: boolean;
}

/** Reads the shape of a document whose scalars have values; every fault is reported at its place. */
export function readGraph(root: MapTree, compat: boolean, findings: Findings): ReadGraph {
  return new Reader(compat, findings).read(root);
}

class Reader {
  readonly #compat: boolean;
  readonly #findings: Findings;
  readonly #unreadIds = new Set<string>();
  #incomplete = false;

  constructor(compat: boolean, findings: Findings) {
    this.#compat = compat;
    this.#findings = findings;
  }

  read(root: MapTree): ReadGraph {
    const top = this.#top(root);
    if (top === undefined) this.#incomplete = true;
    const nodes = this.#items(root, "nodes", (tree, index) => this.#node(tree, index));
    const edges = this.#items(root, "edges", (tree, index) => this.#edge(tree, index));
    return {
      name: top?.name,
      http: top?.http,
      nodes,
      edges,
      unreadIds: this.#unreadIds,
      incomplete: this.#incomplete,
    };
  }

  #top(root: MapTree) {
    // The predecessor read `config` and never used it, and it took any shape for a list.
    const left = this.#compat ? ["config", "nodes", "edges"] : [];
    const tree = without(this.#buildable(root, "graph", []), left);
    return this.#check(graphShape, tree, [], "Cannot read the graph as", "");
  }

  #items<Item>(root: MapTree, key: "nodes" | "edges", read: (tree: Tree, index: number) => Item | undefined): Item[] {
    const tree = childOf(root, key);
    if (tree?.type !== "list") {
      if (tree && this.#compat) this.#warn("SLOPPY_SHAPE", tree, [key], `${key} is no list and counts as empty`);
      return [];
    }
    const items: Item[] = [];
    for (const [index, item] of tree.items.entries()) {
      const made = read(item, index);
      if (made === undefined) this.#incomplete = true;
      else items.push(made);
    }
    return items;
  }

  #node(tree: Tree, index: number): ReadNode | undefined {
    const base: Path = ["nodes", index];
    const action = `Cannot read ${pathText(base)} as`;
    if (tree.type !== "map") return this.#refuseItem(tree, base, "node");
    const known = this.#aliases(this.#buildable(tree, "node", base), NODE_ALIASES, base);
    const { config, runtime } = this.#splitConfig(known, base);
    const shape = this.#check(nodeShape, without(known, ["runtime", "config"]), base, action, "");
    const options = this.#runtime(runtime, base);
    const id = shape?.id ?? shape?.node_id;
    if (shape && id === undefined) {
      this.#refuse("MISSING_KEY", tree, base, `${action} id is missing: it must be a string`);
    }
    if (shape === undefined || options === undefined || id === undefined) {
      this.#rememberId(known);
      return undefined;
    }
    const { plugin, kind } = shape;
    return {
      index,
      path: pathText(base),
      id,
      plugin,
      kind,
      runtime: options,
      runtimeKeys: runtime && runtime.tree.type === "map" ? [...runtime.tree.entries.keys()] : [],
      config,
      tree,
    };
  }

  #rememberId(node: MapTree) {
    const id = childOf(node, "id") ?? childOf(node, "node_id");
    if (id?.type === "scalar") this.#unreadIds.add(id.text.trim());
  }

  /** Takes `__runtime__` out of `config`; the key `runtime` of the node wins over it. */
  #splitConfig(node: MapTree, base: Path) {
    const tree = childOf(node, "config");
    const own = childOf(node, "runtime");
    const written = tree?.type === "scalar" && tree.value === null ? undefined : tree;
    if (written !== undefined && written.type !== "map") {
      if (!this.#compat)
        this.#refuse(
          "BAD_SHAPE",
          written,
          [...base, "config"],
          `Cannot read ${pathText(base)} as config must be a map: current value is ${show(plain(written))}`,
        );
      else
        this.#warn(
          "SLOPPY_SHAPE",
          written,
          [...base, "config"],
          `config of ${pathText(base)} is no map and counts as empty`,
        );
      if (!this.#compat) this.#incomplete = true;
    }
    const config = written?.type === "map" ? written : undefined;
    const alias = config && entryOf(config, "__runtime__");
    if (own && alias) this.#shadowed(alias.key, base, "config.__runtime__", "runtime");
    const runtime = own
      ? { tree: own, path: ["runtime"] }
      : alias && { tree: alias.value, path: ["config", "__runtime__"] };
    return { config: config && without(config, ["__runtime__"]), runtime: runtime && { ...runtime, alias: !own } };
  }

  #runtime(given: { tree: Tree; path: string[]; alias: boolean } | undefined, base: Path): RuntimeOptions | undefined {
    if (given === undefined) return runtimeOptions();
    const path = [...base, ...given.path];
    if (this.#compat && given.alias) return this.#legacyRuntime(given.tree, path);
    if (given.tree.type === "scalar" && given.tree.value === null) return runtimeOptions();
    if (given.tree.type !== "map") {
      return this.#refuse(
        "BAD_SHAPE",
        given.tree,
        path,
        `Cannot read ${pathText(path)} as it must be a map: current value is ${show(plain(given.tree))}`,
      );
    }
    const tree = this.#buildable(given.tree, "runtime", path);
    const shape = this.#check(
      runtimeAliasShape,
      tree,
      path,
      `Cannot read ${pathText(base)} as`,
      given.path.join("."),
      given.alias,
    );
    return shape && this.#weighted(runtimeOptions(shape), shape, tree, path);
  }

  #weighted(options: RuntimeOptions, shape: v.InferOutput<typeof runtimeAliasShape>, tree: Tree, path: Path) {
    if (options.inbox.overflow !== "weighted_drop" || shape.inbox?.weights || shape.overflow_weights) return options;
    const message = `Cannot read ${pathText(path)} as overflow is weighted_drop but weights are missing`;
    const place = spotAt(tree, shape.inbox ? ["inbox", "overflow"] : ["inbox_overflow"]);
    this.#refuse("MISSING_KEY", place, path, message, "add weights: { key: group_id, values: { a: 1, b: 5 } }");
    return undefined;
  }

  #legacyRuntime(tree: Tree, path: Path): RuntimeOptions {
    if (tree.type !== "map") {
      this.#warn("SLOPPY_SHAPE", tree, path, `${pathText(path)} is no map and counts as empty`);
      return runtimeOptions();
    }
    return legacyRuntime(plain(tree) as Record<string, unknown>, (key, message) =>
      this.#warn("SLOPPY_SHAPE", spotAt(tree, [key]), [...path, key], `At ${pathText(path)}, ${message}`),
    );
  }

  #edge(tree: Tree, index: number): LooseEdge | undefined {
    const base: Path = ["edges", index];
    const action = `Cannot read ${pathText(base)} as`;
    if (tree.type !== "map") return this.#refuseItem(tree, base, "edge");
    const known = this.#aliases(this.#buildable(tree, "edge", base), EDGE_ALIASES, base);
    const shape = this.#check(
      edgeShape,
      this.#compat ? this.#withoutSloppyPorts(known, base) : known,
      base,
      action,
      "",
    );
    if (!shape) return undefined;
    const from = shape.src ?? shape.from;
    const to = shape.dst ?? shape.to;
    for (const [end, name] of [
      [from, "from"],
      [to, "to"],
    ] as const) {
      if (end === undefined)
        this.#refuse("MISSING_KEY", tree, base, `${action} ${name} is missing: it must be a node's id`);
    }
    if (from === undefined || to === undefined) return undefined;
    const place = (...names: string[]) =>
      placeOf(spotAt(tree, [names.find((name) => entryOf(tree, name)) ?? names[0]!]));
    return {
      index,
      path: pathText(base),
      place: placeOf(spotAt(tree, [])),
      from: { text: from, port: shape.src_port ?? shape.from_port, place: place("src", "from") },
      to: { text: to, port: shape.dst_port ?? shape.to_port, place: place("dst", "to") },
    };
  }

  /** The predecessor passed over ports that were blank or no text, and refused odd names. */
  #withoutSloppyPorts(edge: MapTree, base: Path): MapTree {
    const ignored: string[] = [];
    for (const name of ["src_port", "from_port", "dst_port", "to_port"]) {
      const port = childOf(edge, name);
      if (!port) continue;
      const value = port.type === "scalar" ? port.value : undefined;
      if (typeof value !== "string" || value.trim() === "") {
        ignored.push(name);
        this.#warn("SLOPPY_SHAPE", port, [...base, name], `${pathText(base)}.${name} is no name and ignored`);
      } else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value.trim())) {
        const message = `Cannot read ${pathText(base)} as ${name} must be letters, digits and underscores: current value is ${show(value)}`;
        this.#refuse("BAD_SHAPE", port, [...base, name], message);
      }
    }
    return without(edge, ignored);
  }

  /** Leaves out the second name of a pair where both stand, and says so. */
  #aliases(tree: MapTree, pairs: readonly (readonly [string, string])[], base: Path): MapTree {
    const shadowed: string[] = [];
    for (const [first, second] of pairs) {
      const other = entryOf(tree, second);
      if (!other || !tree.entries.has(first)) continue;
      shadowed.push(second);
      this.#shadowed(other.key, base, second, first);
    }
    return without(tree, shadowed);
  }

  #shadowed(spot: Parameters<typeof placeOf>[0], base: Path, loser: string, winner: string) {
    const message = `${pathText(base)}.${loser} is not used, as ${winner} means the same and wins`;
    this.#findings.add({
      code: "SHADOWED_ALIAS",
      severity: "warning",
      message,
      place: placeOf(spot),
      path: pathText(base),
      hint: "remove one of them",
    });
  }

  /** Reports keys of later parts of the language and leaves them out. */
  #buildable(tree: MapTree, level: keyof typeof NOT_BUILT_IN_YET, base: Path): MapTree {
    const absent: string[] = [];
    for (const [key, entry] of tree.entries) {
      const what = Object.hasOwn(NOT_BUILT_IN_YET[level], key) ? NOT_BUILT_IN_YET[level][key] : undefined;
      if (what === undefined) continue;
      absent.push(key);
      const message = `Cannot run the graph as "${key}" (${what}) is not built into this version`;
      this.#refuse("NOT_BUILT_IN_YET", entry.key, [...base, key], message, "remove it, or use a version that has it");
    }
    return without(tree, absent);
  }

  #check<Schema extends v.GenericSchema<unknown, unknown>>(
    schema: Schema,
    tree: MapTree,
    base: Path,
    action: string,
    name: string,
    compat = this.#compat,
  ): v.InferOutput<Schema> | undefined {
    const value = plain(tree);
    const result = checkValue({
      schema,
      value,
      tree,
      base,
      action,
      name,
      code: "BAD_SHAPE",
      compat,
      findings: this.#findings,
    });
    return result?.output as v.InferOutput<Schema> | undefined;
  }

  #refuseItem(tree: Tree, base: Path, what: string): undefined {
    const message = `Cannot read ${pathText(base)} as a ${what} must be a map: current value is ${show(plain(tree))}`;
    return this.#refuse("BAD_SHAPE", tree, base, message);
  }

  #refuse(
    code: DiagnosticCode,
    spot: Parameters<typeof placeOf>[0],
    path: Path,
    message: string,
    hint?: string,
  ): undefined {
    const place = placeOf("type" in spot ? spotAt(spot as Tree, []) : spot);
    this.#findings.add({
      code,
      severity: "error",
      message,
      place,
      path: pathText(path),
      ...(hint === undefined ? {} : { hint }),
    });
    return undefined;
  }

  #warn(code: DiagnosticCode, spot: Parameters<typeof placeOf>[0], path: Path, message: string) {
    const place = placeOf("type" in spot ? spotAt(spot as Tree, []) : spot);
    this.#findings.add({ code, severity: "warning", message, place, path: pathText(path) });
  }
}

function without(tree: MapTree, keys: readonly string[]): MapTree {
  if (!keys.some((key) => tree.entries.has(key))) return tree;
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => !keys.includes(key))) };
}
