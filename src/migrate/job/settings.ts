import { childOf, isNull, type MapTree, type Path, pathText, plain, show, spotAt, type Tree } from "../../graph/raw.ts";
import { isNumeric } from "../../packet/index.ts";
import { type MigrateContext, refuse } from "../context.ts";

/** Settings of a version 1 job, read by path. It remembers what was read, so that the rest can be told. */
export class Settings {
  readonly tree: MapTree;
  readonly #context: MigrateContext;
  readonly #base: Path;
  readonly #read: Set<Tree>;

  constructor(tree: MapTree, context: MigrateContext, base: Path = [], read = new Set<Tree>()) {
    this.tree = tree;
    this.#context = context;
    this.#base = base;
    this.#read = read;
  }

  /** The value's tree; undefined when it is not set, or null. */
  at(path: string): Tree | undefined {
    let tree: Tree | undefined = this.tree;
    for (const key of path.split(".")) tree = tree && childOf(tree, key);
    if (tree === undefined || isNull(tree)) return undefined;
    this.#read.add(tree);
    return tree;
  }

  /** Blank is as not set, as it was to the job. */
  text(path: string): string | undefined {
    const text = this.#text(path);
    return text?.trim() === "" ? undefined : text;
  }

  #text(path: string): string | undefined {
    return this.#value(path, "must be text", (value) => {
      if (typeof value === "boolean" || typeof value === "object") return isNumeric(value) ? String(value) : undefined;
      return String(value);
    });
  }

  /** As {@link text}, but not blank: what names something. */
  name(path: string): string | undefined {
    return this.#value(path, "must be text that is not blank", (value) => {
      const named = typeof value === "string" || isNumeric(value) ? String(value) : "";
      return named.trim() === "" ? undefined : named;
    });
  }

  /** As {@link text}, with its variables as they are written: what is in them may be a secret. */
  written(path: string): string | undefined {
    const tree = this.at(path);
    // Other references lead to places of the old file.
    const kept = tree && writtenText(tree);
    return kept !== undefined && /^(?:[^$]|\$(?!\{)|\$\{oc\.env:)*$/.test(kept) ? kept : this.text(path);
  }

  number(path: string, least = 0, most = Number.POSITIVE_INFINITY): number | undefined {
    return this.#value(path, `must be a number${between(least, most)}`, (value) => {
      const number = numberOf(value);
      return Number.isFinite(number) && number >= least && number <= most ? number : undefined;
    });
  }

  integer(path: string, least = 0): number | undefined {
    return this.#value(path, `must be a whole number${between(least)}`, (value) => {
      const number = numberOf(value);
      return Number.isInteger(number) && number >= least ? number : undefined;
    });
  }

  boolean(path: string): boolean | undefined {
    return this.#value(path, "must be true or false", (value) => {
      // What a variable gives is text.
      const text = String(value).toLowerCase();
      return text === "true" || text === "false" ? text === "true" : undefined;
    });
  }

  choice<const Name extends string>(path: string, names: readonly Name[]): Name | undefined {
    return this.#value(path, `must be one of ${names.join(", ")}`, (value) =>
      names.find((name) => name === String(value).trim().toLowerCase()),
    );
  }

  /** A list of texts, also in one text with commas between them; undefined for what is none. */
  texts(path: string): string[] | undefined {
    if (this.at(path) === undefined) return [];
    return this.#value(path, "must be a list of texts, or one text with commas", (value) => {
      const items = typeof value === "string" ? value.split(",") : Array.isArray(value) ? value : undefined;
      if (items?.every((item) => typeof item === "string") !== true) return undefined;
      return items.map((item) => item.trim()).filter((item) => item !== "");
    });
  }

  /** Settings under a key; empty ones when it is left out. What is no map is refused. */
  under(path: string): Settings {
    const tree = this.at(path);
    const keys = [...this.#base, ...path.split(".")];
    if (tree !== undefined && tree.type !== "map") this.refuse(path, "must be a map");
    const map: MapTree = tree?.type === "map" ? tree : { ...this.tree, entries: new Map() };
    return new Settings(map, this.#context, keys, this.#read);
  }

  /** The items of a list of maps. */
  items(path: string): Settings[] {
    const tree = this.at(path);
    if (tree === undefined) return [];
    if (tree.type !== "list") {
      this.refuse(path, "must be a list");
      return [];
    }
    return tree.items.flatMap((item, at) => {
      const keys = [...this.#base, ...path.split("."), at];
      this.#read.add(item);
      if (item.type === "map") return new Settings(item, this.#context, keys, this.#read);
      refuse(
        this.#context,
        "MIGRATE_VALUE",
        spotAt(item, []),
        keys,
        `Cannot migrate the job as ${pathText(keys)} must be a map: current value is ${show(plain(item))}`,
      );
      return [];
    });
  }

  /** Reports the value at a path, or where it should be. */
  refuse(path: string, why: string, hint?: string): undefined {
    const keys = path.split(".");
    const tree = this.at(path);
    const current = tree === undefined ? "" : `: current value is ${show(plain(tree))}`;
    const message = `Cannot migrate the job as ${pathText([...this.#base, ...keys])} ${why}${current}`;
    return refuse(this.#context, "MIGRATE_VALUE", spotAt(this.tree, keys), [...this.#base, ...keys], message, hint);
  }

  /** A path below these settings as one of the whole. */
  path(path: string): Path {
    return [...this.#base, ...path.split(".")];
  }

  /** Says that the value at a path is not carried over, or not as it was. */
  leaveOut(path: string, reason: string) {
    if (this.at(path) === undefined) return;
    const keys = path.split(".");
    this.#context.leftOuts.add(spotAt(this.tree, keys, "key"), [...this.#base, ...keys], reason);
  }

  /** Calls `tell` for each single value that nobody has read. */
  unread(tell: (path: Path, at: Tree) => void) {
    const visit = (tree: Tree, path: Path) => {
      if (tree.type === "scalar") {
        if (!this.#read.has(tree) && !isNull(tree)) tell(path, tree);
      } else if (tree.type === "list") {
        if (tree.items.every((item) => item.type === "scalar") && this.#read.has(tree)) return;
        for (const [at, item] of tree.items.entries()) visit(item, [...path, at]);
      } else for (const [key, { value }] of tree.entries) visit(value, [...path, key]);
    };
    visit(this.tree, []);
  }

  #value<Value>(path: string, rule: string, read: (value: unknown) => Value | undefined): Value | undefined {
    const tree = this.at(path);
    if (tree === undefined) return undefined;
    const value = read(plain(tree));
    if (value === undefined) return this.refuse(path, rule);
    if (tree.type === "scalar" && writtenText(tree) !== undefined) {
      const now = tree.secret ? "a secret: take care of the file" : show(plain(tree));
      this.leaveOut(path, `${writtenText(tree)} is filled in with what it is now, ${now}`);
    }
    return value;
  }
}

/** A scalar as it is written, when a variable gives its value. */
function writtenText(tree: Tree): string | undefined {
  if (tree.type !== "scalar" || tree.fromVariable !== true) return undefined;
  return tree.source.text.slice(tree.start, tree.end).replace(/^(["'])(.*)\1$/s, "$2");
}

/** A number, also one that a variable gave as text; NaN for anything else. */
function numberOf(value: unknown): number {
  if (typeof value === "string" && value.trim() !== "") return Number(value);
  return isNumeric(value) ? value.valueOf() : Number.NaN;
}

function between(least: number, most = Number.POSITIVE_INFINITY): string {
  if (most !== Number.POSITIVE_INFINITY) return ` from ${least} to ${most}`;
  return least === Number.NEGATIVE_INFINITY ? "" : ` of at least ${least}`;
}
