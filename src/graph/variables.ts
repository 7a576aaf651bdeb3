import * as fs from "node:fs";
import * as path from "node:path";
import { didYouMean } from "../base/suggest.ts";
import { pythonFloat, WholeFloat } from "../packet/index.ts";
import type { DiagnosticCode } from "./diagnostic.ts";
import { Findings } from "./findings.ts";
import { MAX_EXPANDED_VALUES, readValue } from "./load.ts";
import { SECRET_NAME } from "./redact.ts";
import { type Dialect, losesDigits, readPlain } from "./scalars.ts";
import { SourceText } from "./source_text.ts";
import { cutArguments, cutPath, cutTemplate, unquote } from "./template.ts";
import { childOf, type Path, type ScalarTree, type ScalarValue, sizeOf, type Tree } from "./tree.ts";

/** Why 64 KiB: keys, tokens and certificate chains are smaller. */
export const MAX_VARIABLE_FILE_BYTES = 64 * 1024;
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
  findings: Findings;
}

/** What a reference stands for: text, nothing, or a part of the document. */
type Filled = { text: string; asIs: boolean; secret: boolean } | { none: true } | { tree: Tree };

/** The reason was reported where it arose; the value that leads there is broken too, without a word. */
class Follows extends Error {}

class Fault extends Error {
  readonly code: DiagnosticCode;
  readonly hint: string | undefined;
  constructor(code: DiagnosticCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Gives every scalar its value and fills in `${…}`. One per document and dialect. */
export class Variables {
  /** Values that were filled in and must not be shown. */
  readonly secrets = new Set<string>();
  /** Scalars that could not be filled in; checks of what holds them would only repeat the finding. */
  readonly broken = new Set<Tree>();
  readonly #options: VariableOptions;
  readonly #done = new Map<Tree, Tree>();
  readonly #open = new Set<Tree>();
  #chain = 0;
  #expandedValues = 0;
  #expandedChars = 0;

  constructor(options: VariableOptions) {
    this.#options = options;
  }

  /** The tree with every scalar's `value` set. Faults are reported and leave a broken scalar. */
  resolve(tree: Tree, at: Path = []): Tree {
    const done = this.#done.get(tree);
    if (done) return done;
    const resolved = this.#resolve(tree, at);
    this.#done.set(tree, resolved);
    return resolved;
  }

  #resolve(tree: Tree, at: Path): Tree {
    if (tree.type === "list") {
      return { ...tree, items: tree.items.map((item, index) => this.resolve(item, [...at, index])) };
    }
    if (tree.type === "map") {
      const entries = new Map<string, { key: typeof tree; value: Tree }>() as typeof tree.entries;
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
    if (losesDigits(tree.text, value)) this.#warnDigits(tree, value);
    return { ...tree, value };
  }

  #warnDigits(tree: ScalarTree, value: ScalarValue) {
    this.#options.findings.add({
      code: "NUMBER_PRECISION",
      severity: "warning",
      message: `Number ${tree.text} has more digits than can be kept: it is read as ${value}`,
      place: tree.source.place(tree.start, tree.end),
      hint: "put it in quotes if it is an id",
    });
  }

  #fillOrReport(tree: ScalarTree, at: Path): Tree {
    const chain = this.#chain;
    this.#open.add(tree);
    try {
      return this.#fill(tree, at);
    } catch (error) {
      if (error instanceof Fault) this.#report(tree, error);
      else if (!(error instanceof Follows)) throw error;
      this.#chain = chain;
      const broken: ScalarTree = { ...tree, value: tree.text };
      this.broken.add(broken);
      return broken;
    } finally {
      this.#open.delete(tree);
    }
  }

  #report(tree: ScalarTree, { code, message, hint }: Fault) {
    const written = tree.source.text.slice(tree.start, tree.end);
    const reference = /\$\{.*\}/s.exec(written);
    const start = tree.start + (reference?.index ?? 0);
    const end = reference ? start + reference[0].length : tree.end;
    const place = tree.source.place(start, end);
    this.#options.findings.add({ code, severity: "error", message, place, ...(hint === undefined ? {} : { hint }) });
  }

  #fill(tree: ScalarTree, at: Path): Tree {
    const parts = this.#cut(tree.text);
    const [only] = parts;
    if (parts.length === 1 && typeof only === "object") return this.#whole(tree, this.#reference(only.reference, at));
    const { text, secret } = this.#join(tree.text, at);
    return { ...tree, text, value: text, fromVariable: true, ...(secret ? { secret } : {}) };
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
    return { ...tree, text, value, fromVariable: true, ...(secret ? { secret } : {}) };
  }

  #cut(text: string) {
    const parts = cutTemplate(text);
    if (parts) return parts;
    throw new Fault("BAD_INTERPOLATION", 'Cannot fill in a variable as "${" has no "}"', "write \\${ for a literal ${");
  }

  /** The text with its references filled in as text. */
  #join(template: string, at: Path): { text: string; secret: boolean } {
    let text = "";
    let secret = false;
    for (const part of this.#cut(template)) {
      const piece = typeof part === "string" ? { text: part, secret: false } : this.#asText(part.reference, at);
      text += piece.text;
      secret ||= piece.secret;
      this.#expandedChars += piece.text.length;
      if (this.#expandedChars > MAX_EXPANDED_CHARS) {
        throw new Fault("EXPANSION_TOO_LARGE", `Cannot fill in variables beyond ${MAX_EXPANDED_CHARS} characters`);
      }
    }
    return { text, secret };
  }

  #asText(reference: string, at: Path): { text: string; secret: boolean } {
    const filled = this.#reference(reference, at);
    if ("text" in filled) return filled;
    const python = this.#options.dialect === "python";
    if ("none" in filled) return { text: python ? "None" : "", secret: false };
    if (filled.tree.type === "scalar") {
      const { value = null, text, secret = false } = filled.tree;
      return { text: python ? pythonText(value) : typeof value === "string" ? value : text, secret };
    }
    const what = filled.tree.type;
    throw new Fault(
      "BAD_INTERPOLATION",
      `Cannot put \${${reference}} into a text as it is a ${what}, not a single value`,
    );
  }

  #reference(reference: string, at: Path): Filled {
    if (++this.#chain > MAX_CHAIN) {
      throw new Fault("BAD_INTERPOLATION", `Cannot fill in a variable as more than ${MAX_CHAIN} lead to each other`);
    }
    const resolver = /^(oc\.env|oc\.decode|file):(.*)$/s.exec(reference);
    const filled = resolver
      ? this.#resolvers[resolver[1] as "oc.env" | "oc.decode" | "file"](resolver[2]!, at)
      : this.#name(reference, at);
    this.#chain -= 1;
    return filled;
  }

  readonly #resolvers = {
    "oc.env": (text: string, at: Path): Filled => {
      const [name = "", fallback, ...rest] = cutArguments(text);
      if (rest.length > 0) {
        const hint = "put a default with a comma in quotes";
        throw new Fault("BAD_INTERPOLATION", `Cannot read \${oc.env:${text}} as it has more than one default`, hint);
      }
      const value = this.#env(this.#join(name, at).text);
      return value ?? (fallback === undefined ? this.#undefined(name) : this.#ocDefault(fallback, at));
    },
    "oc.decode": (text: string, at: Path): Filled => {
      const { text: filled, secret } = this.#join(text, at);
      const tree = this.#decode(unquote(filled.trim()) ?? filled.trim());
      return { tree: secret && tree.type === "scalar" ? { ...tree, secret } : tree };
    },
    file: (text: string, at: Path): Filled => {
      const content = this.#readFile(this.#join(text, at).text.trim());
      this.secrets.add(content);
      return { text: content, asIs: true, secret: true };
    },
  };

  #decode(text: string): Tree {
    const findings = new Findings();
    const tree = readValue(new SourceText("oc.decode", text), 0, text.length, findings);
    if (!tree) throw new Fault("BAD_INTERPOLATION", `Cannot decode "${clip(text)}": ${findings.list()[0]!.message}`);
    return this.resolve(tree);
  }

  /** The predecessor reads a default by its looks and prints it again as Python does. */
  #ocDefault(fallback: string, at: Path): Filled {
    const { text, secret } = this.#join(fallback, at);
    const inner = unquote(text);
    if (inner !== undefined) return { text: inner, asIs: true, secret };
    if (this.#options.dialect !== "python") return { text, asIs: false, secret };
    if (text === "") return { text, asIs: true, secret };
    const value = readPlain(text, "python");
    return value === null ? { none: true } : { text: pythonText(value), asIs: true, secret };
  }

  #name(reference: string, at: Path): Filled {
    if (reference === "vars" || reference.startsWith("vars.") || reference.startsWith("vars[")) {
      return this.#document(reference, cutPath(reference));
    }
    if (this.#options.dialect === "python") {
      const path = relativePath(reference, at);
      const exists = path !== undefined && this.#find(path) !== undefined;
      if (exists || reference.startsWith(".")) return this.#document(reference, path);
    }
    const named = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(reference);
    if (!named) throw this.#unreadable(reference);
    const [, name, fallback] = named as unknown as [string, string, string | undefined];
    const value = this.#env(name);
    // As in a shell, `:-` also covers a variable that is set to nothing.
    if (fallback === undefined || (value && value.text !== "")) return value ?? this.#undefined(name);
    return { ...this.#join(fallback, at), asIs: false };
  }

  #unreadable(reference: string): Fault {
    const message = `Cannot fill in \${${clip(reference)}} as it is none of \${VAR}, \${VAR:-default}, \${vars.name}, \${file:path}`;
    return new Fault("BAD_INTERPOLATION", message, "write \\${ for a literal ${");
  }

  #find(path: Path): Tree | undefined {
    let tree: Tree | undefined = this.#options.root;
    for (const step of path) {
      if (tree?.type === "scalar" && tree.text.includes("${")) tree = this.resolve(tree);
      tree = tree && childOf(tree, step);
    }
    return tree;
  }

  #document(reference: string, path: Path | undefined): Filled {
    const target = path && this.#find(path);
    if (!target) throw this.#missing(reference);
    if (this.#open.has(target)) {
      throw new Fault("VARIABLE_CYCLE", `Cannot fill in \${${clip(reference)}} as it leads back to itself`);
    }
    this.#open.add(target);
    const tree = this.resolve(target, path);
    this.#open.delete(target);
    if (this.broken.has(tree)) throw new Follows();
    this.#expandedValues += sizeOf(tree, MAX_EXPANDED_VALUES);
    if (this.#expandedValues > MAX_EXPANDED_VALUES) {
      throw new Fault(
        "EXPANSION_TOO_LARGE",
        `Cannot fill in variables as they make more than ${MAX_EXPANDED_VALUES} values`,
      );
    }
    return { tree };
  }

  #missing(reference: string): Fault {
    const vars = childOf(this.#options.root, "vars");
    const known = vars?.type === "map" ? [...vars.entries.keys()].map((name) => `vars.${name}`) : [];
    const near = didYouMean(reference, known);
    const hint = near ? `did you mean \${${near}}?` : "add it under vars: at the top of the graph";
    return new Fault(
      "UNDEFINED_VARIABLE",
      `Cannot fill in \${${clip(reference)}} as the graph has no such value`,
      hint,
    );
  }

  #env(name: string): { text: string; asIs: boolean; secret: boolean } | undefined {
    const { env, dialect } = this.#options;
    const text = Object.hasOwn(env, name) ? env[name] : undefined;
    if (text === undefined) return undefined;
    const secret = SECRET_NAME.test(name);
    if (secret) this.secrets.add(text);
    return { text, asIs: dialect === "python", secret };
  }

  #undefined(name: string): never {
    const near = didYouMean(name, Object.keys(this.#options.env));
    const meant = near === undefined ? "" : `; did you mean ${near}?`;
    const hint = `set it, put it into --env-file, or write a default: \${${clip(name)}:-value}${meant}`;
    throw new Fault(
      "UNDEFINED_VARIABLE",
      `Cannot fill in \${${clip(name)}} as this environment variable is not set`,
      hint,
    );
  }

  #readFile(file: string): string {
    const { baseDir, fallbackDir } = this.#options;
    const bases = fallbackDir === undefined ? [baseDir] : [baseDir, fallbackDir];
    const candidates = bases.map((base) => path.resolve(base, file));
    const found = candidates.find((candidate) => fs.existsSync(candidate)) ?? candidates[0]!;
    const fault = (reason: string) =>
      new Fault("VARIABLE_FILE", `Cannot fill in \${file:${clip(file)}} as ${reason}`, `looked for ${found}`);
    try {
      const stat = fs.statSync(found);
      // A pipe or device could block for ever.
      if (!stat.isFile()) throw fault("it is not a regular file");
      if (stat.size > MAX_VARIABLE_FILE_BYTES) throw fault(`it has more than ${MAX_VARIABLE_FILE_BYTES} bytes`);
      return new TextDecoder("utf-8", { fatal: true }).decode(fs.readFileSync(found)).replace(/\r?\n$/, "");
    } catch (error) {
      if (error instanceof Fault) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw fault(code === "ENOENT" ? "there is no such file" : `it cannot be read (${code ?? "not UTF-8"})`);
    }
  }
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** `.key` starts at the map that holds the value, every further dot one level up. */
function relativePath(reference: string, at: Path): Path | undefined {
  const dots = /^\.*/.exec(reference)![0].length;
  const rest = cutPath(reference.slice(dots));
  if (dots === 0 || rest === undefined) return rest;
  return dots > at.length ? undefined : [...at.slice(0, at.length - dots), ...rest];
}

/** A value as Python's `str` prints it. */
export function pythonText(value: ScalarValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof WholeFloat) return pythonFloat(value.valueOf());
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : pythonFloat(value);
  return value;
}
