import type { Findings } from "../findings.ts";
import { childOf, descend, entryOf, type ListTree, type MapTree, placeOf, plain, spotAt, type Tree } from "../tree.ts";
import { filledUp, mergedOver, withValue } from "./merge.ts";
import type { Chosen } from "./profiles.ts";

/**
 * Puts the values of a profile into documents before they are read: over what the graph says of all its nodes, below
 * what a node or an edge says of itself, but for the nodes it names, where it wins.
 */
export class Applied {
  readonly #chosen: Chosen | undefined;
  /** Items of `nodes` that matched. */
  readonly #met = new Set<Tree>();

  /** Undefined: documents stay as they are. */
  constructor(chosen: Chosen | undefined) {
    this.#chosen = chosen;
  }

  /** The whole graph. */
  toGraph(root: MapTree): MapTree {
    if (this.#chosen === undefined) return root;
    let graph = this.toParts(root, "");
    for (const name of ["delivery", "event_time"]) {
      const value = childOf(this.#chosen.tree, name);
      if (value) graph = withTop(graph, name, value);
    }
    // Whether there are any is for the graph to say.
    const interval = childOf(this.#chosen.tree, "checkpoint");
    if (interval && isAsked(childOf(root, "checkpoint"))) graph = withTop(graph, "checkpoint", interval);
    // Nodes that the language itself makes.
    for (const name of ["ingress", "egress"]) graph = this.#toItems(graph, name, (item) => this.#toNode(item, ""));
    return graph;
  }

  /** Nodes and edges of a file; `prefix` is what its ids get in front. */
  toParts(root: MapTree, prefix: string): MapTree {
    if (this.#chosen === undefined) return root;
    const nodes = this.#toItems(root, "nodes", (item) => this.#toNode(item, prefix));
    return this.#toItems(nodes, "edges", (item) => this.#toEdge(item));
  }

  /** Warns of nodes that the profile means and the graph has not. */
  tellUnused(findings: Findings) {
    for (const item of this.#items()) {
      if (this.#met.has(item)) continue;
      findings.add({
        code: "PROFILE_MATCHES_NOTHING",
        severity: "warning",
        message: `Profile "${this.#chosen!.name}" says something of nodes that the graph does not have`,
        place: placeOf(spotAt(item, ["match"])),
        hint: "ids have * and ? for any letters but /, and ** for any; schnitzel graph shows them",
      });
    }
  }

  #items(): MapTree[] {
    const list = this.#chosen && childOf(this.#chosen.tree, "nodes");
    return list?.type === "list" ? list.items.filter((item) => item.type === "map") : [];
  }

  #toItems(root: MapTree, name: string, change: (item: MapTree) => MapTree): MapTree {
    const list = childOf(root, name);
    if (list?.type !== "list") return root;
    const items = list.items.map((item) => (item.type === "map" ? change(item) : item));
    return withValue(root, name, { ...list, items } satisfies ListTree);
  }

  #toNode(node: MapTree, prefix: string): MapTree {
    if (node.entries.has("use")) return node;
    let changed = this.#withRuntime(node);
    const id = textOf(node, "id") ?? textOf(node, "node_id");
    for (const item of this.#items()) {
      if (!meant(item, id === undefined ? undefined : prefix + id, textOf(node, "plugin"))) continue;
      this.#met.add(item);
      for (const part of ["runtime", "config"]) changed = overridden(changed, part, childOf(item, part));
    }
    return changed;
  }

  /** What a node says itself stays. In the predecessor's place for it, all of it does. */
  #withRuntime(node: MapTree): MapTree {
    const given = childOf(this.#chosen!.tree, "runtime");
    const old = entryOf(childOf(node, "config"), "__runtime__");
    if (given?.type !== "map" || old !== undefined) return node;
    const written = childOf(node, "runtime");
    if (written !== undefined && written.type !== "map") return node;
    const own: MapTree = written ?? { ...given, entries: new Map() };
    return withValue(node, "runtime", filledUp(own, given));
  }

  #toEdge(edge: MapTree): MapTree {
    const given = childOf(this.#chosen!.tree, "durable");
    const written = childOf(edge, "durable");
    if (given?.type !== "map" || written === undefined) return edge;
    if (written.type === "map") return withValue(edge, "durable", mergedOver(written, given));
    return written.type === "scalar" && written.value === true ? withValue(edge, "durable", given) : edge;
  }
}

const isAsked = (written: Tree | undefined) =>
  written?.type === "map" || (written?.type === "scalar" && written.value === true);

/** Over what the graph says, key by key; what it turned off stays off. */
function withTop(graph: MapTree, name: string, value: Tree): MapTree {
  const written = childOf(graph, name);
  if (written?.type === "scalar" && (written.value === false || written.value === "off")) return graph;
  if (value.type !== "map" || written?.type !== "map") return withValue(graph, name, value);
  return withValue(graph, name, mergedOver(value, written));
}

function overridden(node: MapTree, part: string, given: Tree | undefined): MapTree {
  if (given?.type !== "map") return node;
  const written = childOf(node, part);
  return withValue(node, part, written?.type === "map" ? mergedOver(given, written) : given);
}

function textOf(node: MapTree, key: string): string | undefined {
  const tree = childOf(node, key);
  return tree?.type === "scalar" ? tree.text.trim() : undefined;
}

function meant(item: MapTree, id: string | undefined, plugin: string | undefined): boolean {
  const list = (key: string) => {
    const tree = descend(item, ["match", key]);
    return tree && ([plain(tree)].flat() as string[]);
  };
  const [globs, plugins] = [list("node"), list("plugin")];
  const byId = globs === undefined || (id !== undefined && globs.some((glob) => new Bun.Glob(glob).match(id)));
  return byId && (plugins === undefined || plugins.includes(plugin ?? ""));
}
