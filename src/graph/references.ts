import { didYouMean } from "../base/suggest.ts";
import { Findings } from "./findings.ts";
import { readValue } from "./read_value.ts";
import { SECRET_NAME } from "./redact.ts";
import { pythonText, readPlain } from "./scalars.ts";
import { SourceText } from "./source_text.ts";
import { cutArguments, cutPath, unquote } from "./template.ts";
import { childOf, descend, type Path, type Tree } from "./tree.ts";
import { clip, VariableFault } from "./variable_fault.ts";
import { readVariableFile } from "./variable_file.ts";
import type { VariableOptions } from "./variables.ts";

/** Nobody reads more of them; each is compared with every variable there is. */
const MAX_SUGGESTIONS = 100;

/** Text that came out of a variable. */
export interface FilledText {
  text: string;
  secret: boolean;
}

/** What a reference stands for: text (`asIs`: never read by its looks), nothing, or a part of the document. */
export type Filled = (FilledText & { asIs: boolean }) | { none: true } | { tree: Tree };

/** What references need from the walk through the document. */
export interface Filler {
  /** A text with its own references filled in. */
  join(template: string, at: Path): FilledText;
  /** A part of the document with values. */
  part(reference: string, target: Tree, path: Path): Tree;
  resolve(tree: Tree): Tree;
  addSecret(text: string): void;
}

/** Says what the text between `${` and `}` stands for. Throws a {@link VariableFault} when it has no value. */
export class References {
  readonly #options: VariableOptions;
  readonly #filler: Filler;

  constructor(options: VariableOptions, filler: Filler) {
    this.#options = options;
    this.#filler = filler;
  }

  fill(reference: string, at: Path): Filled {
    const [, resolver, text = ""] = /^(oc\.env|oc\.decode|file):(.*)$/s.exec(reference) ?? [];
    if (resolver === "oc.env") return this.#ocEnv(text, at);
    if (resolver === "oc.decode") return this.#ocDecode(text, at);
    if (resolver === "file") return this.#file(text, at);
    return this.#name(reference, at);
  }

  #ocEnv(text: string, at: Path): Filled {
    const [name = "", fallback, ...rest] = cutArguments(text);
    if (rest.length > 0) {
      const message = `Cannot read \${oc.env:${clip(text)}} as it has more than one default`;
      throw new VariableFault("BAD_INTERPOLATION", message, "put a default with a comma in quotes");
    }
    const value = this.#env(this.#filler.join(name, at).text);
    if (value) return value;
    return fallback === undefined ? this.#undefined(name) : this.#ocDefault(fallback, at);
  }

  /** The predecessor read a default by its looks and printed it again as Python does. */
  #ocDefault(fallback: string, at: Path): Filled {
    const { text, secret } = this.#filler.join(fallback, at);
    const inner = unquote(text);
    if (inner !== undefined) return { text: inner, asIs: true, secret };
    if (this.#options.dialect !== "python") return { text, asIs: false, secret };
    const value = text === "" ? "" : readPlain(text, "python");
    return value === null ? { none: true } : { text: pythonText(value), asIs: true, secret };
  }

  #ocDecode(text: string, at: Path): Filled {
    const { text: filled, secret } = this.#filler.join(text, at);
    const decoded = unquote(filled.trim()) ?? filled.trim();
    const findings = new Findings();
    const tree = readValue(new SourceText("oc.decode", decoded), 0, decoded.length, findings);
    if (!tree) {
      const reason = secret ? "it is no YAML value" : findings.list()[0]!.message;
      throw new VariableFault("BAD_INTERPOLATION", `Cannot decode \${oc.decode:${clip(text)}}: ${reason}`);
    }
    const resolved = this.#filler.resolve(tree);
    return { tree: secret && resolved.type === "scalar" ? { ...resolved, secret } : resolved };
  }

  #file(text: string, at: Path): Filled {
    const { baseDir, fallbackDir } = this.#options;
    const folders = fallbackDir === undefined ? [baseDir] : [baseDir, fallbackDir];
    const content = readVariableFile(this.#filler.join(text, at).text.trim(), folders);
    this.#filler.addSecret(content);
    return { text: content, asIs: true, secret: true };
  }

  #name(reference: string, at: Path): Filled {
    if (/^vars(?:[.[]|$)/.test(reference)) return this.#document(reference, cutPath(reference));
    if (this.#options.dialect !== "python" && /^params[.[]/.test(reference)) return this.#parameter(reference);
    if (this.#options.dialect === "python") {
      const path = relativePath(reference, at);
      const exists = path !== undefined && this.#find(path) !== undefined;
      if (exists || reference.startsWith(".")) return this.#document(reference, path);
    }
    const named = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(reference);
    if (!named) {
      const forms = "${VAR}, ${VAR:-default}, ${vars.name}, ${file:path}";
      const message = `Cannot fill in \${${clip(reference)}} as it is none of ${forms}`;
      throw new VariableFault("BAD_INTERPOLATION", message, "write \\${ for a literal ${");
    }
    const [, name, fallback] = named as unknown as [string, string, string | undefined];
    const value = this.#env(name);
    // As in a shell, `:-` also covers a variable that is set to nothing.
    if (fallback === undefined || (value && value.text !== "")) return value ?? this.#undefined(name);
    return { ...this.#filler.join(fallback, at), asIs: false };
  }

  #document(reference: string, path: Path | undefined): Filled {
    const target = path && this.#find(path);
    if (target) return { tree: this.#filler.part(reference, target, path) };
    const near = this.#nearVariable(reference);
    const message = `Cannot fill in \${${clip(reference)}} as the graph has no such value`;
    const hint = near ? `did you mean \${${near}}?` : "add it under vars: at the top of the graph";
    throw new VariableFault("UNDEFINED_VARIABLE", message, hint);
  }

  #parameter(reference: string): Filled {
    const { params } = this.#options;
    const path = cutPath(reference)?.slice(1);
    const target = params && path && descend(params, path);
    if (target) return { tree: this.#filler.part(reference, target, ["params", ...path]) };
    const message = `Cannot fill in \${${clip(reference)}} as the file has no such parameter`;
    if (params?.type !== "map") {
      const hint =
        "only a file that is brought in with use: has them, under parameters:; a graph's own values are vars";
      throw new VariableFault("UNDEFINED_VARIABLE", message, hint);
    }
    const names = [...params.entries.keys()].map((name) => `params.${name}`);
    const near = didYouMean(reference, names);
    throw new VariableFault(
      "UNDEFINED_VARIABLE",
      message,
      near ? `did you mean \${${near}}?` : "add it under parameters:",
    );
  }

  /** Not looked for once nobody would read it: twenty thousand faults among as many variables took minutes. */
  #nearVariable(reference: string): string | undefined {
    const vars = childOf(this.#options.root, "vars");
    if (vars?.type !== "map" || this.#options.findings.errors >= MAX_SUGGESTIONS) return undefined;
    return didYouMean(
      reference,
      [...vars.entries.keys()].map((name) => `vars.${name}`),
    );
  }

  /** A path may lead through a value that is a reference itself. */
  #find(path: Path): Tree | undefined {
    let tree: Tree | undefined = this.#options.root;
    for (const step of path) {
      if (tree?.type === "scalar" && tree.text.includes("${")) tree = this.#filler.resolve(tree);
      tree = tree && childOf(tree, step);
    }
    return tree;
  }

  #env(name: string): (FilledText & { asIs: boolean }) | undefined {
    const { env, dialect } = this.#options;
    const text = Object.hasOwn(env, name) ? env[name] : undefined;
    if (text === undefined) return undefined;
    const secret = SECRET_NAME.test(name);
    if (secret) this.#filler.addSecret(text);
    return { text, asIs: dialect === "python", secret };
  }

  #undefined(name: string): never {
    const near = didYouMean(name, Object.keys(this.#options.env));
    const meant = near === undefined ? "" : `; did you mean ${near}?`;
    const message = `Cannot fill in \${${clip(name)}} as this environment variable is not set`;
    const hint = `set it, put it into --env-file, or write a default: \${${clip(name)}:-value}${meant}`;
    throw new VariableFault("UNDEFINED_VARIABLE", message, hint);
  }
}

/** `.key` starts at the map that holds the value, every further dot one level up. */
function relativePath(reference: string, at: Path): Path | undefined {
  const dots = /^\.*/.exec(reference)![0].length;
  const rest = cutPath(reference.slice(dots));
  if (dots === 0 || rest === undefined) return rest;
  return dots > at.length ? undefined : [...at.slice(0, at.length - dots), ...rest];
}
