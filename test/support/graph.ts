import { type CompileOptions, compileGraph, type Diagnostic, type GraphSource } from "../../src/graph/index.ts";
import { testCatalogue } from "./catalogue.ts";

type Options = Partial<CompileOptions & Omit<GraphSource, "text">>;

/** Compiles a text against the test catalogue; it says it is `yard.yaml`. */
export function compile(
  text: string,
  { path = "yard.yaml", baseDir = "/nonexistent", lineOffset, ...options }: Options = {},
) {
  const source = { text, path, baseDir, ...(lineOffset === undefined ? {} : { lineOffset }) };
  return compileGraph(source, { catalogue: testCatalogue(), ...options });
}

/** `CODE@line:column` of each finding, in order of place. */
export function found(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ code, place }) => `${code}@${place.line}:${place.column}`);
}

/** Node configs of the plan by id; fails the test when there is no plan. */
export async function configs(text: string, options: Options = {}): Promise<Record<string, unknown>> {
  const { plan, diagnostics } = await compile(text, options);
  if (!plan) throw new Error(`no plan: ${JSON.stringify(diagnostics, null, 1)}`);
  return Object.fromEntries(plan.nodes.map((node) => [node.id, node.config]));
}

/** A graph of one source and one `limit` whose config is given as YAML flow or scalars. */
export function graphWithLimit(config: string, rest = ""): string {
  return `version: 2
nodes:
  - { id: c, plugin: counter }
  - id: l
    plugin: limit
    config: ${config}
${rest}edges:
  - { from: c, to: l }
`;
}
