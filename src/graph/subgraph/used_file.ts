import * as fs from "node:fs";
import * as path from "node:path";
import type { Diagnostic, UseSite } from "../diagnostic.ts";
import { MAX_GRAPH_BYTES, readGraphFile } from "../file.ts";
import type { Findings } from "../findings.ts";
import { loadRoot } from "../load_root.ts";
import { Reader, without } from "../reader.ts";
import { SourceText } from "../source_text.ts";
import { type MapTree, sizeOf } from "../tree.ts";
import { Variables } from "../variables.ts";
import { checkVersion } from "../version.ts";
import { readPorts, type WrittenPorts } from "./exposed_ports.ts";
import { Parameters } from "./parameters.ts";
import { checkTop } from "./top.ts";

/** Why 16 MiB for all files of a graph together: sixteen of the largest; what has more is data, not a graph. */
export const MAX_USED_BYTES = 16 * 1024 * 1024;

/** A file that nodes bring in, read and parsed once however many do. */
export interface UsedFile {
  /** Absolute, links followed: two names of one file are one. */
  readonly file: string;
  /** As a person would name it, from where the graph's own name starts. */
  readonly shown: string;
  readonly source: SourceText;
  /** Without `parameters` and `ports`, variables not filled in. */
  readonly tree: MapTree;
  /** Values in `tree`. */
  readonly size: number;
  readonly parameters: Parameters;
  readonly ports: WrittenPorts;
}

export interface UsedFilesOptions {
  env: Readonly<Record<string, string | undefined>>;
  maxBytes?: number | undefined;
  findings: Findings;
  addSecret(text: string): void;
}

/** The files of one graph. */
export class UsedFiles {
  /** Text by the name that places have. */
  readonly texts: Record<string, string> = {};
  readonly #options: UsedFilesOptions;
  /** By absolute path; what could not be read is there with the reason, or undefined when that was told. */
  readonly #known = new Map<string, UsedFile | readonly Diagnostic[] | undefined>();
  readonly #read: { file: string; text: string }[] = [];
  readonly #real = new Map<string, string>();
  #bytes = 0;

  constructor(options: UsedFilesOptions) {
    this.#options = options;
  }

  /** The absolute name of a file, links followed where it is there. */
  real(file: string): string {
    const known = this.#real.get(file) ?? realName(file);
    this.#real.set(file, known);
    return known;
  }

  /** Files that were read, absolute, in the order of the graph. */
  get read(): readonly { file: string; text: string }[] {
    return this.#read;
  }

  /** All that were to be read, absolute; also those that could not be. */
  get asked(): readonly string[] {
    return [...this.#known.keys()];
  }

  /** The file, or undefined when it has faults: those of reading it are told at each use, those in it once. */
  get(file: string, shown: string, by: UseSite): UsedFile | undefined {
    if (!this.#known.has(file)) this.#known.set(file, this.#load(file, shown, by));
    const known = this.#known.get(file);
    if (!isFaults(known)) return known;
    for (const fault of known) this.#options.findings.add({ ...fault, place: by.place });
    return undefined;
  }

  #load(file: string, shown: string, by: UseSite): UsedFile | readonly Diagnostic[] | undefined {
    const { source, diagnostics } = readGraphFile(file, { maxBytes: this.#options.maxBytes ?? MAX_GRAPH_BYTES });
    if (source === undefined) return diagnostics.map((fault) => readFault(fault, file, shown));
    this.#bytes += Buffer.byteLength(source.text);
    if (this.#bytes > MAX_USED_BYTES) return [tooLarge(shown)];
    this.#read.push({ file, text: source.text });
    this.texts[shown] = source.text;
    return this.#parse(file, new SourceText(shown, source.text, 0, by));
  }

  #parse(file: string, source: SourceText): UsedFile | undefined {
    const { findings, env } = this.#options;
    const errors = findings.errors;
    const tree = loadRoot(source, findings);
    if (tree === undefined) return undefined;
    const dialect = "yaml12" as const;
    const variables = new Variables({ root: tree, env, dialect, baseDir: path.dirname(file), findings });
    // Only what is the same for every use; the rest is filled in for each.
    const fixed = variables.resolve(only(tree, ["version", "parameters", "ports"])) as MapTree;
    for (const secret of variables.secrets) this.#options.addSecret(secret);
    if (!checkVersion({ ...fixed, entries: new Map([...tree.entries, ...fixed.entries]) }, false, findings))
      return undefined;
    const reader = new Reader(false, findings);
    checkTop(tree, fixed, reader);
    const parameters = Parameters.read(fixed, reader);
    const ports = readPorts(fixed, reader);
    if (findings.errors > errors) return undefined;
    const rest = without(tree, ["parameters", "ports", "version", "name"]);
    return { file, shown: source.file, source, tree: rest, size: sizeOf(rest, MAX_SIZE), parameters, ports };
  }
}

/** More than any bound on what all uses may have together. */
const MAX_SIZE = 10_000_000;

const isFaults = (known: UsedFile | readonly Diagnostic[] | undefined): known is readonly Diagnostic[] =>
  Array.isArray(known);

function only(tree: MapTree, keys: readonly string[]): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => keys.includes(key))) };
}

/** The same fault, with the file's name as the graph has it. */
function readFault(fault: Diagnostic, file: string, shown: string): Diagnostic {
  return { ...fault, message: fault.message.replace(`"${file}"`, `"${shown}"`) };
}

function tooLarge(shown: string): Diagnostic {
  const message = `Cannot read graph "${shown}" as the files of this graph have more than ${MAX_USED_BYTES} bytes together`;
  const place = { file: shown, line: 1, column: 1 };
  return { code: "USE_TOO_LARGE", severity: "error", message, place, hint: "keep data out of graph files" };
}

function realName(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}
