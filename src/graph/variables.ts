import type { Findings } from "./findings.ts";
import { MAX_EXPANDED_VALUES } from "./load.ts";
import { type Filled, type FilledText, References } from "./references.ts";
import { type Dialect, losesDigits, pythonText, readPlain } from "./scalars.ts";
import { cutTemplate, type Part } from "./template.ts";
import { type MapTree, type Path, placeOf, type ScalarTree, sizeOf, type Tree } from "./tree.ts";
import { clip, FollowingFault, VariableFault } from "./variable_fault.ts";

/** Why 32: variables that lead to variables; nobody follows more by eye. */
const MAX_CHAIN = 32;
/** Why 16 Mi characters for all variables together: a thousand times what a graph has. */
const MAX_EXPANDED_CHARS = 16 * 1024 * 1024;

export interface VariableOptions {
  /** The whole document, where `vars` and key references lead. */
  root: Tree;
  env: Readonly<Record<string, string | undefined>>;
  dialect: Dialect;
  /** Where `${file:…}` starts. */
  baseDir: string;
  /** Tried when the file is absent under `baseDir`. */
  fallbackDir?: string;
  /** Of a file that a graph uses: what `${params.…}` leads to, with values. */
  params?: Tree;
  findings: Findings;
}

/** Gives every scalar its value and fills in `${…}`. One per document and dialect. */
export class Variables {
  /** Values that were filled in and must not be shown. */
  readonly secrets = new Set<string>();
  readonly #options: VariableOptions;
  readonly #references: References;
  readonly #done = new Map<Tree, Tree>();
  readonly #open = new Set<Tree>();
  #chain = 0;
  #expandedValues = 0;
  #expandedChars = 0;

  constructor(options: VariableOptions) {
    this.#options = options;
    if (options.params) this.#keep(options.params);
    this.#references = new References(options, {
      join: (template, at) => this.#join(template, at),
      part: (reference, target, path) => this.#part(reference, target, path),
      resolve: (tree) => this.resolve(tree),
      addSecret: (text) => this.secrets.add(text),
    });
  }

  /** The tree with every scalar's `value` set. Faults are reported and leave a scalar that is `broken`. */
  resolve(tree: Tree, at: Path = []): Tree {
    const done = this.#done.get(tree);
    if (done) return done;
    const resolved = this.#resolve(tree, at);
    this.#done.set(tree, resolved);
    return resolved;
  }

  /** Has its values already; its texts are not to be filled in once more. */
  #keep(tree: Tree) {
    this.#done.set(tree, tree);
    if (tree.type === "list") for (const item of tree.items) this.#keep(item);
    if (tree.type === "map") for (const { value } of tree.entries.values()) this.#keep(value);
  }

  #resolve(tree: Tree, at: Path): Tree {
    if (tree.type === "list") {
      return { ...tree, items: tree.items.map((item, index) => this.resolve(item, [...at, index])) };
    }
    if (tree.type === "map") {
      const entries: MapTree["entries"] = new Map();
      for (const [name, { key, value }] of tree.entries) {
        entries.set(name, { key, value: this.resolve(value, [...at, name]) });
      }
      return { ...tree, entries };
    }
    return tree.text.includes("${") ? this.#fillOrReport(tree, at) : this.#plain(tree);
  }

  #plain(tree: ScalarTree): ScalarTree {
    if (tree.quoted) return { ...tree, value: tree.text };
    const value = readPlain(tree.text, this.#options.dialect);
    if (losesDigits(tree.text, value)) {
      this.#options.findings.add({
        code: "NUMBER_PRECISION",
        severity: "warning",
        message: `Number ${clip(tree.text)} has more digits than can be kept: it is read as ${value}`,
        place: placeOf(tree),
        hint: "put it in quotes if it is an id",
      });
    }
    return { ...tree, value };
  }

  #fillOrReport(tree: ScalarTree, at: Path): Tree {
    const chain = this.#chain;
    this.#open.add(tree);
    try {
      return this.#fill(tree, at);
    } catch (error) {
      if (error instanceof VariableFault) this.#report(tree, error);
      else if (!(error instanceof FollowingFault)) throw error;
      return { ...tree, value: tree.text, broken: true };
    } finally {
      this.#chain = chain;
      this.#open.delete(tree);
    }
  }

  #report(tree: ScalarTree, { code, message, hint }: VariableFault) {
    const written = tree.source.text.slice(tree.start, tree.end);
    // No pattern: on a text of `${` alone its steps grow with the square of the length.
    const [first, last] = [written.indexOf("${"), written.lastIndexOf("}")];
    const closed = first !== -1 && last > first;
    const start = tree.start + (closed ? first : 0);
    const end = closed ? tree.start + last + 1 : tree.end;
    const place = tree.source.place(start, end);
    this.#options.findings.add({ code, severity: "error", message, place, ...(hint === undefined ? {} : { hint }) });
  }

  #fill(tree: ScalarTree, at: Path): Tree {
    const parts = cut(tree.text);
    const [only] = parts;
    if (parts.length === 1 && typeof only === "object") return this.#whole(tree, this.#reference(only.reference, at));
    const { text, secret } = this.#join(tree.text, at);
    return { ...tree, text, value: text, fromVariable: true, secret };
  }

  /** A value that is one reference keeps its type, or is read by its looks unless it stands in quotes. */
  #whole(tree: ScalarTree, filled: Filled): Tree {
    if ("none" in filled) return { ...tree, value: null };
    if ("tree" in filled) {
      const { source, start, end } = tree;
      return { ...filled.tree, source, start, end };
    }
    const { text, asIs, secret } = filled;
    const isText = asIs || tree.quoted || text === "" || this.#options.dialect === "python";
    const value = isText ? text : readPlain(text, this.#options.dialect);
    return { ...tree, text, value, fromVariable: true, secret };
  }

  #reference(reference: string, at: Path): Filled {
    if (++this.#chain > MAX_CHAIN) {
      const message = `Cannot fill in a variable as more than ${MAX_CHAIN} lead to each other`;
      throw new VariableFault("BAD_INTERPOLATION", message);
    }
    const filled = this.#references.fill(reference, at);
    this.#chain -= 1;
    return filled;
  }

  #join(template: string, at: Path): FilledText {
    let text = "";
    let secret = false;
    for (const part of cut(template)) {
      const piece = typeof part === "string" ? { text: part, secret: false } : this.#asText(part.reference, at);
      text += piece.text;
      secret ||= piece.secret;
      this.#expandedChars += piece.text.length;
      if (this.#expandedChars > MAX_EXPANDED_CHARS) {
        const message = `Cannot fill in variables beyond ${MAX_EXPANDED_CHARS} characters`;
        throw new VariableFault("EXPANSION_TOO_LARGE", message);
      }
    }
    return { text, secret };
  }

  #asText(reference: string, at: Path): FilledText {
    const filled = this.#reference(reference, at);
    if ("text" in filled) return filled;
    const python = this.#options.dialect === "python";
    if ("none" in filled) return { text: python ? "None" : "", secret: false };
    if (filled.tree.type === "scalar") {
      const { value = null, text, secret = false } = filled.tree;
      return { text: python ? pythonText(value) : text, secret };
    }
    const message = `Cannot put \${${clip(reference)}} into a text as it is a ${filled.tree.type}, not a single value`;
    throw new VariableFault("BAD_INTERPOLATION", message);
  }

  #part(reference: string, target: Tree, path: Path): Tree {
    if (this.#open.has(target)) {
      const message = `Cannot fill in \${${clip(reference)}} as it leads back to itself`;
      throw new VariableFault("VARIABLE_CYCLE", message);
    }
    this.#open.add(target);
    const tree = this.resolve(target, path);
    this.#open.delete(target);
    if (tree.type === "scalar" && tree.broken) throw new FollowingFault();
    this.#expandedValues += sizeOf(tree, MAX_EXPANDED_VALUES);
    if (this.#expandedValues > MAX_EXPANDED_VALUES) {
      const message = `Cannot fill in variables as they make more than ${MAX_EXPANDED_VALUES} values`;
      throw new VariableFault("EXPANSION_TOO_LARGE", message);
    }
    return tree;
  }
}

function cut(text: string): Part[] {
  const parts = cutTemplate(text);
  if (parts) return parts;
  const message = 'Cannot fill in a variable as "${" has no "}"';
  throw new VariableFault("BAD_INTERPOLATION", message, "write \\${ for a literal ${");
}
