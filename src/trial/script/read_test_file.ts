import * as path from "node:path";
import {
  type CompileResult,
  type Diagnostic,
  type GraphPlan,
  type GraphSource,
  type Place,
  readGraphFile,
  YamlDocument,
} from "../../graph/index.ts";
import { checkCase } from "./check_case.ts";
import { pathIn, setArguments, wholeCase } from "./merge.ts";
import { type TestCase, testFile } from "./shape.ts";

/** A case that can be run. */
export interface ReadCase {
  readonly test: TestCase;
  readonly plan: GraphPlan;
  readonly secrets: readonly string[];
  /** Where something of the case stands in the file; the path is that of `test`. */
  place(at: readonly (string | number)[]): Place;
}

export interface ReadTestFile {
  /** As the user gave it. */
  readonly path: string;
  readonly folder: string;
  readonly cases: readonly ReadCase[];
  /** None of the cases is run when one of these is an error. */
  readonly diagnostics: readonly Diagnostic[];
  /** What they point into. */
  readonly texts: Readonly<Record<string, string>>;
}

/** How a test says that its graph is to be compiled. */
export interface TestCompile {
  readonly set: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly profile: string | undefined;
  /** Sources whose packets are written down; those of a recording are as the source and what it absorbed made them. */
  readonly standIns: readonly string[];
}

export type CompileForTest = (source: GraphSource, options: TestCompile) => Promise<CompileResult>;

/** Reads a test file and checks all of it, the graph included. Never throws for what is in the files. */
export async function readTestFile(source: GraphSource, compile: CompileForTest): Promise<ReadTestFile> {
  const document = new YamlDocument(source, "the test file", testFile);
  const { path: file, baseDir: folder, text } = source;
  const texts: Record<string, string> = { [file]: text };
  const { value } = document;
  if (value === undefined) return { path: file, folder, cases: [], diagnostics: document.diagnostics, texts };
  const graph = graphOf(value.graph, document);
  const others: Diagnostic[] = [];
  const cases: ReadCase[] = [];
  const names = new Set<string>();
  for (const [index, own] of graph === undefined ? [] : value.cases.entries()) {
    const test = wholeCase(value, own);
    const at = (steps: readonly (string | number)[]) => pathIn(own, index, steps);
    if (names.has(own.name))
      document.refuse("TEST_VALUE", at(["name"]), `Cannot run the case as another one has its name`);
    names.add(own.name);
    const { env = {}, profile } = test;
    const compiled = await compile(graph!, { set: setArguments(test), env, profile, standIns: written(test) });
    Object.assign(texts, compiled.texts);
    others.push(...compiled.diagnostics.filter(({ severity }) => severity === "error"));
    const { plan, secrets } = compiled;
    if (plan === undefined) continue;
    checkCase(test, plan, folder, (code, steps, message, hint, where) =>
      document.refuse(code, at(steps), message, hint, where),
    );
    cases.push({ test, plan, secrets, place: (steps) => document.place(at(steps), "key") });
  }
  return { path: file, folder, cases, diagnostics: [...document.diagnostics, ...distinct(others)], texts };
}

const written = ({ given = {} }: TestCase): string[] =>
  Object.entries(given).flatMap(([id, what]) => ("recording" in what ? [] : [id]));

function graphOf(name: string, document: YamlDocument<unknown>): GraphSource | undefined {
  const { source, diagnostics } = readGraphFile(path.join(path.dirname(document.source.path), name));
  if (source !== undefined) return source;
  for (const { code, message, hint } of diagnostics) document.refuse(code, ["graph"], message, hint);
  return undefined;
}

/** Every case compiles the graph, and one fault of it is one. */
function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((one) => [JSON.stringify(one), one])).values()];
}
