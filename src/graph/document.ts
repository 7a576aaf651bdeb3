import type * as v from "valibot";
import { checkValue } from "./check_value.ts";
import type { Diagnostic, DiagnosticCode, Place } from "./diagnostic.ts";
import type { GraphSource } from "./file.ts";
import { Findings } from "./findings.ts";
import { loadTree } from "./load.ts";
import { readPlain } from "./scalars.ts";
import { SourceText } from "./source_text.ts";
import { type Path, pathText, placeOf, plain, spotAt, type Tree } from "./tree.ts";

/** A YAML file of ours that is no graph, such as a test file: read with the care of a graph, without its variables. */
export class YamlDocument<Value> {
  readonly source: GraphSource;
  /** As the schema gives it; undefined when something is wrong. */
  readonly value: Value | undefined;
  readonly #findings = new Findings();
  readonly #tree: Tree | undefined;
  readonly #what: string;

  /** `what` it is, in the words of an error: `the test file`. */
  constructor(source: GraphSource, what: string, schema: v.GenericSchema<unknown, Value>) {
    this.source = source;
    this.#what = what;
    const loaded = loadTree(new SourceText(source.path, source.text, source.lineOffset), this.#findings);
    this.#tree = loaded && valued(loaded);
    this.value = this.#tree && this.#check(this.#tree, schema);
  }

  /** What was found so far, by place. */
  get diagnostics(): Diagnostic[] {
    return this.#findings.list();
  }

  get hasErrors(): boolean {
    return this.#findings.errors > 0;
  }

  /** Where the value at `path` stands, or its key. */
  place(path: Path, at: "key" | "value" = "value"): Place {
    return placeOf(spotAt(this.#tree!, path, at));
  }

  refuse(code: DiagnosticCode, path: Path, message: string, hint?: string, at: "key" | "value" = "value") {
    const place = this.place(path, at);
    const found = { code, severity: "error" as const, message, place, path: pathText(path) };
    this.#findings.add(hint === undefined ? found : { ...found, hint });
  }

  #check(tree: Tree, schema: v.GenericSchema<unknown, Value>): Value | undefined {
    const text = { action: `read ${this.#what}`, subject: this.#what, name: "" };
    const checked = checkValue({
      ...{ schema, tree, ...text, value: plain(tree), base: [], code: "BAD_SHAPE", compat: false },
      findings: this.#findings,
    });
    return checked?.output as Value | undefined;
  }
}

/** Scalars by their looks. */
function valued(tree: Tree): Tree {
  if (tree.type === "scalar") return { ...tree, value: tree.quoted ? tree.text : readPlain(tree.text, "yaml12") };
  if (tree.type === "list") return { ...tree, items: tree.items.map(valued) };
  const entries = [...tree.entries].map(([name, { key, value }]) => [name, { key, value: valued(value) }] as const);
  return { ...tree, entries: new Map(entries) };
}
