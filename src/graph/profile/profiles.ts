import type * as v from "valibot";
import { didYouMean } from "../../base/suggest.ts";
import type { Diagnostic, Place } from "../diagnostic.ts";
import { Findings } from "../findings.ts";
import { loadTree } from "../load.ts";
import type { Reader } from "../reader.ts";
import { SourceText } from "../source_text.ts";
import { childOf, isNull, type MapTree, type Path, pathText, placeOf, spotAt } from "../tree.ts";
import { Variables } from "../variables.ts";
import { BUILT_IN_PROFILES, NO_PROFILE } from "./built_in.ts";
import { mergedOver, withValue } from "./merge.ts";
import { profileShape, STRAY_IN_PROFILE } from "./shape.ts";

/** A profile that was asked for outside of the graph. */
export interface AskedProfile {
  name: string;
  /** Who asked, which wins over the graph: a flag or a variable. */
  by: "--profile" | "SCHNITZEL_PROFILE";
}

/** The profile a graph is run with, as a map with those it extends merged in. */
export interface Chosen {
  name: string;
  tree: MapTree;
  values: v.InferOutput<typeof profileShape>;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** The profiles of a graph and the built-in ones. */
export class Profiles {
  /** What was asked for outside, for a finding to point at. */
  readonly texts: Record<string, string> = {};
  readonly #reader: Reader;
  readonly #root: MapTree;
  readonly #own = new Map<string, MapTree>();
  /** Faults in what profiles extend, by place: told once, whoever extends them, and though one of them is chosen. */
  readonly #told = new Set<string>();
  readonly #inCircle = new Set<string>();

  /** Reads and checks `profiles` of a document with values. */
  constructor(root: MapTree, reader: Reader) {
    this.#root = root;
    this.#reader = reader;
    const all = childOf(root, "profiles");
    for (const name of all?.type === "map" ? all.entries.keys() : []) this.#readOwn(name, all as MapTree);
    for (const [name, tree] of this.#own) if (!this.#inCircle.has(name)) this.#merged(name, placeOf(tree), []);
  }

  /** The one to run with; undefined: none, or it has faults. */
  choose(asked: AskedProfile | undefined): Chosen | undefined {
    const written = childOf(this.#root, "profile");
    if (asked === undefined && (written?.type !== "scalar" || isNull(written))) return undefined;
    const name = asked?.name ?? (written?.type === "scalar" ? written.text.trim() : "");
    if (name === NO_PROFILE) return undefined;
    if (asked !== undefined) this.texts[asked.by] = name;
    const at = asked ? placeInArgument(asked) : placeOf(spotAt(this.#root, ["profile"]));
    const tree = this.#merged(name, at, []);
    const values = tree && this.#reader.shape(profileShape, tree, ["profiles", name], { subject: `profile "${name}"` });
    return tree && values && { name, tree, values };
  }

  #readOwn(name: string, all: MapTree) {
    const { key, value: tree } = all.entries.get(name)!;
    const path: Path = ["profiles", name];
    const action = `Cannot read ${pathText(path)} as`;
    if (!NAME.test(name) || name === NO_PROFILE || Object.hasOwn(BUILT_IN_PROFILES, name)) {
      const why = NAME.test(name)
        ? `"${name}" is ${name === NO_PROFILE ? "the word for no profile" : "built in"}`
        : `its name must match ${NAME.source}`;
      const hint = `choose another name${Object.hasOwn(BUILT_IN_PROFILES, name) ? `, and write extends: ${name}` : ""}`;
      this.#reader.refuse("BAD_SHAPE", key, path, `${action} ${why}`, hint);
    } else if (tree.type !== "map") {
      this.#reader.refuse("BAD_SHAPE", tree, path, `${action} it must be a map`, `write ${name}: { extends: … }`);
    } else {
      const options = { subject: `profile "${name}"`, strayKeys: STRAY_IN_PROFILE, lenient: false };
      if (this.#reader.shape(profileShape, tree, path, options)) this.#own.set(name, tree);
      else this.#own.set(name, { ...tree, entries: new Map() });
    }
  }

  /** A profile over those it extends. */
  #merged(name: string, at: Place, chain: readonly string[]): MapTree | undefined {
    if (chain.includes(name)) {
      const message = `Cannot use profile "${chain[0]}" as it extends itself: ${[...chain, name].join(" -> ")}`;
      for (const one of chain) this.#inCircle.add(one);
      return this.#tell({ code: "BAD_SHAPE", severity: "error", message, place: at });
    }
    const own = this.#own.get(name) ?? builtIn(name);
    if (own === undefined) return this.#unknown(name, at);
    const base = childOf(own, "extends");
    if (base?.type !== "scalar") return own;
    const below = this.#merged(base.text.trim(), placeOf(base), [...chain, name]);
    return below && extended(own, below);
  }

  #unknown(name: string, place: Place): undefined {
    const names = [...this.#own.keys(), ...Object.keys(BUILT_IN_PROFILES)];
    const near = didYouMean(name, names);
    return this.#tell({
      code: "UNKNOWN_PROFILE",
      severity: "error",
      message: `Cannot use profile "${name.slice(0, 60)}" as there is none of that name: there are ${names.join(", ")}`,
      place,
      hint: near === undefined ? "add it under profiles: at the top of the graph" : `did you mean "${near}"?`,
    });
  }

  #tell(fault: Diagnostic): undefined {
    const at = `${fault.place.file}:${fault.place.line}:${fault.place.column}`;
    if (!this.#told.has(at)) this.#reader.findings.add(fault);
    this.#told.add(at);
  }
}

/** Nodes of the profile below come first, so that those above win. */
function extended(own: MapTree, below: MapTree): MapTree {
  const merged = mergedOver(own, below);
  const [mine, theirs] = [childOf(own, "nodes"), childOf(below, "nodes")];
  if (mine?.type !== "list" || theirs?.type !== "list") return merged;
  return withValue(merged, "nodes", { ...mine, items: [...theirs.items, ...mine.items] });
}

const placeInArgument = ({ by, name }: AskedProfile): Place => ({
  ...{ file: by, line: 1, column: 1, endLine: 1, endColumn: name.length + 1 },
});

function builtIn(name: string): MapTree | undefined {
  if (!Object.hasOwn(BUILT_IN_PROFILES, name)) return undefined;
  const findings = new Findings();
  const tree = loadTree(new SourceText(`<profile ${name}>`, BUILT_IN_PROFILES[name]!), findings)!;
  return new Variables({ root: tree, env: {}, dialect: "yaml12", baseDir: "", findings }).resolve(tree) as MapTree;
}
