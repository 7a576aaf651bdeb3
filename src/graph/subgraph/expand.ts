import * as path from "node:path";
import type { UseSite } from "../diagnostic.ts";
import type { DraftExposed, LooseEdge } from "../draft.ts";
import type { GraphSource } from "../file.ts";
import type { Findings } from "../findings.ts";
import { type GraphParts, readParts } from "../read.ts";
import type { ReadNode } from "../read_node.ts";
import { Reader } from "../reader.ts";
import { NODE_ID } from "../schema.ts";
import { type MapTree, movedTo, placeOf, spotAt } from "../tree.ts";
import { Variables } from "../variables.ts";
import type { WrittenPorts } from "./exposed_ports.ts";
import type { ReadUse } from "./read_use.ts";
import { type ExposedPorts, Scope } from "./scope.ts";
import { type UsedFile, UsedFiles } from "./used_file.ts";

/** Why 8: nobody follows more files by eye, and a mistake with names ends soon. */
export const MAX_USE_DEPTH = 8;
/** Why 200,000: a node is about ten values, so 20,000 nodes, twice what a file of the largest size holds. */
export const MAX_USED_VALUES = 200_000;

export interface ExpandOptions {
  source: Pick<GraphSource, "path" | "baseDir">;
  env: Readonly<Record<string, string | undefined>>;
  /** Longest text of a file; {@link MAX_GRAPH_BYTES} unless given. */
  maxBytes?: number | undefined;
  findings: Findings;
  isLegacy(plugin: string): boolean;
  addSecret(text: string): void;
  /** The nodes and edges of a file as they stand before they are read. */
  prepare(root: MapTree, prefix: string): MapTree;
}

/** A graph without uses: what was in their files stands in their places. */
export interface Expanded extends Omit<GraphParts, "uses"> {
  exposed: DraftExposed[];
}

/** Where a file stands in the graph. */
interface Level {
  /** `yard/`. */
  prefix: string;
  /** Absolute. */
  folder: string;
  /** What its own files are shown below. */
  shown: string;
  /** The files that led here, the graph first. */
  chain: readonly { file: string; shown: string }[];
}

/** Puts the nodes and edges of the files that nodes bring in into their places. */
export class Expansion {
  readonly files: UsedFiles;
  readonly #options: ExpandOptions;
  readonly #reader: Reader;
  readonly #nodes: ReadNode[] = [];
  readonly #edges: LooseEdge[] = [];
  readonly #exposed: DraftExposed[] = [];
  #values = 0;
  #incomplete = false;

  constructor(options: ExpandOptions) {
    this.#options = options;
    this.#reader = new Reader(false, options.findings);
    this.files = new UsedFiles(options);
  }

  /** A graph without uses comes back as it is. */
  expand(graph: GraphParts): Expanded {
    if (graph.uses.length === 0) return { ...graph, exposed: [] };
    const { path: file, baseDir } = this.#options.source;
    const own = { file: this.files.real(path.join(baseDir, path.basename(file))), shown: file };
    const shown = path.dirname(file.replace(/^<.*>$/, ""));
    this.#level(graph, { in: [], out: [] }, { prefix: "", folder: baseDir, shown, chain: [own] });
    // Checking what is too much would take seconds, for findings that nobody can use yet.
    if (this.#values > MAX_USED_VALUES) return { ...graph, nodes: [], edges: [], incomplete: true, exposed: [] };
    const incomplete = graph.incomplete || this.#incomplete;
    const edges = this.#edges.map((edge, index) => ({ ...edge, index }));
    return { nodes: this.#nodes, edges, unreadIds: graph.unreadIds, incomplete, exposed: this.#exposed };
  }

  #level(parts: GraphParts, ports: WrittenPorts, level: Level): ExposedPorts {
    const { findings } = this.#options;
    const scope = new Scope(level.prefix, parts, findings);
    const items = [...parts.nodes, ...parts.uses].sort((a, b) => a.index - b.index);
    for (const item of items) {
      if ("plugin" in item) this.#nodes.push(this.#inScope(item, level));
      else if (this.#isNamed(item, scope)) scope.addUse(item.id, this.#use(item, level));
    }
    for (const edge of parts.edges) {
      const joined = scope.edge(edge);
      if (joined) this.#edges.push(this.#edgeAt(joined, level));
      else this.#incomplete = true;
    }
    const exposed = scope.expose(ports);
    this.#remember(exposed);
    this.#incomplete ||= parts.incomplete;
    return exposed;
  }

  /** What the file exposes; undefined when it has faults, or the node that brings it in. */
  #use(use: ReadUse, level: Level): ExposedPorts | undefined {
    const exposed = this.#enter(use, level);
    if (exposed === undefined) this.#incomplete = true;
    return exposed;
  }

  #enter(use: ReadUse, level: Level): ExposedPorts | undefined {
    const site: UseSite = { id: level.prefix + use.id, place: placeOf(spotAt(use.tree, ["use"])) };
    const named = path.resolve(level.folder, use.file);
    const shown = path.isAbsolute(use.file) ? use.file : path.join(level.shown, use.file);
    const file = this.files.real(named);
    if (!this.#mayEnter({ file, shown }, use, site, level)) return undefined;
    const used = this.files.get(file, shown, site);
    if (!used || !this.#isWithin(used, use, site)) return undefined;
    const params = this.#parameters(used, use);
    if (!params) return undefined;
    const parts = this.#partsOf(used, site, params, path.dirname(named));
    const chain = [...level.chain, { file, shown }];
    const next = { prefix: `${site.id}/`, folder: path.dirname(named), shown: path.dirname(shown), chain };
    return this.#level(parts, used.ports, next);
  }

  #parameters({ parameters }: UsedFile, { given, tree, file, index }: ReadUse): MapTree | undefined {
    // Values that are left out are missing at the file's name.
    const values: MapTree = given ?? { ...spotAt(tree, ["use"]), type: "map", entries: new Map() };
    return parameters.check(values, file, ["nodes", index], this.#options.findings);
  }

  #partsOf({ source, tree }: UsedFile, site: UseSite, params: MapTree, baseDir: string): GraphParts {
    const { env, findings, addSecret, prepare, isLegacy } = this.#options;
    const root = movedTo(source.forUse(site), tree);
    const variables = new Variables({ root, env, dialect: "yaml12", baseDir, params, findings });
    const resolved = prepare(variables.resolve(root) as MapTree, `${site.id}/`);
    for (const secret of variables.secrets) addSecret(secret);
    const parts = readParts(resolved, this.#reader);
    for (const { plugin, tree: node, index } of parts.nodes) {
      if (!isLegacy(plugin)) continue;
      const message = `Cannot read nodes[${index}] as a file that is brought in with use has no addresses of the predecessor`;
      const at = spotAt(node, ["plugin"]);
      this.#reader.refuse(
        "BAD_SHAPE",
        at,
        ["nodes", index, "plugin"],
        message,
        "write our name for it: schnitzel nodes",
      );
    }
    return parts;
  }

  #mayEnter(next: Level["chain"][number], use: ReadUse, { id }: UseSite, { chain }: Level): boolean {
    const at = spotAt(use.tree, ["use"]);
    const base = ["nodes", use.index, "use"];
    const way = [...chain, next].map((step) => step.shown).join(" -> ");
    if (chain.some(({ file }) => file === next.file)) {
      const message = `Cannot use "${use.file}" as it leads back to itself: ${way}`;
      this.#reader.refuse("USE_CYCLE", at, base, message, "let one of them do without the other");
      return false;
    }
    if (chain.length <= MAX_USE_DEPTH) return true;
    const message = `Cannot use "${use.file}" as "${id}" as files nest more than ${MAX_USE_DEPTH} deep: ${way}`;
    this.#reader.refuse("USE_TOO_LARGE", at, base, message, "put levels together");
    return false;
  }

  /** Uses of uses grow like powers, so what is made of them has a bound. */
  #isWithin({ size }: UsedFile, use: ReadUse, { id }: UseSite): boolean {
    const before = this.#values;
    this.#values += size;
    if (this.#values <= MAX_USED_VALUES) return true;
    if (before > MAX_USED_VALUES) return false;
    const message = `Cannot use "${use.file}" as "${id}" as the files of this graph make more than ${MAX_USED_VALUES} values together`;
    this.#reader.refuse("USE_TOO_LARGE", spotAt(use.tree, ["use"]), ["nodes", use.index, "use"], message, "use fewer");
    return false;
  }

  #isNamed({ id, tree, index }: ReadUse, scope: Scope): boolean {
    const at = spotAt(tree, [tree.entries.has("id") ? "id" : "node_id"]);
    const base = ["nodes", index, "id"];
    if (!NODE_ID.test(id)) {
      const message = `Cannot use "${id.slice(0, 60)}" as a node id: it must match ${NODE_ID.source}`;
      this.#reader.refuse("BAD_ID", at, base, message, "letters, digits, _ and -, starting with a letter or _");
      return false;
    }
    if (!scope.has(id)) return true;
    const message = `Cannot use node id "${id}" twice: another node has it already`;
    this.#reader.refuse("DUPLICATE_ID", at, base, message, "rename one of them and the edges that mean it");
    return false;
  }

  #inScope(node: ReadNode, { prefix, folder }: Level): ReadNode {
    if (prefix === "") return node;
    return { ...node, id: prefix + node.id, scope: prefix, folder: this.#folder(folder) };
  }

  #edgeAt(edge: LooseEdge, { prefix, folder }: Level): LooseEdge {
    const { durable } = edge;
    if (prefix === "" || !durable || durable.path === undefined || path.isAbsolute(durable.path)) return edge;
    return { ...edge, durable: { ...durable, path: path.join(this.#folder(folder), durable.path) } };
  }

  #folder = (folder: string) => path.relative(this.#options.source.baseDir, folder);

  /** Those that lead into a further file are checked there. */
  #remember(ports: ExposedPorts) {
    for (const side of ["in", "out"] as const) {
      for (const { name, end } of ports[side]) {
        if (!end || end.exposed) continue;
        this.#exposed.push({ side, name, node: end.text, asked: end.port, place: end.place });
      }
    }
  }
}
