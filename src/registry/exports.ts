import * as v from "valibot";
import { isDefinition, type NodeDefinition } from "../node/index.ts";
import { PROFILES } from "../packet/index.ts";
import { checkApi } from "./api_version.ts";
import { type CheckedSource, importPlugin } from "./plugin_module.ts";
import { PluginRefused } from "./refusal.ts";

const KINDS = ["source", "transform", "compute", "policy", "sink", "delay", "initial"];

const text = v.pipe(v.string(), v.nonEmpty());
const func = v.function();
const ports = v.record(
  v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is no port name")),
  v.object({
    kinds: v.union([v.literal("*"), v.array(v.string())]),
    doc: text,
    profile: v.optional(v.picklist(PROFILES)),
  }),
);

function isSchema(value: unknown): boolean {
  const { kind, async, "~run": run } = Object(value) as Record<string, unknown>;
  return kind === "schema" && async === false && typeof run === "function";
}

/** What TypeScript promises of a definition; a plugin in JavaScript, or with an `any`, may hold something else. */
const shape = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,63}$/, "must be snake_case")),
  kind: v.picklist(KINDS),
  config: v.custom(isSchema, "must be a valibot schema, and none that must be awaited"),
  inputs: ports,
  inputsFor: v.optional(func),
  outputs: func,
  staticOutputs: v.optional(ports),
  doc: text,
  examples: v.array(v.object({ title: text, config: v.record(v.string(), v.unknown()) })),
  api: v.object({ major: v.number(), minor: v.number() }),
  check: func,
  create: func,
});

/** Runs a plugin and gives the node definitions among its exports, by export name. */
export async function definitionsOf(source: CheckedSource): Promise<Map<string, NodeDefinition>> {
  try {
    return readDefinitions(source, await importPlugin(source));
  } catch (error) {
    if (error instanceof PluginRefused) throw error;
    const thrown = `Cannot load plugin "${source.id}" as ${source.file} threw while loading: ${thrownText(error)}`;
    throw new PluginRefused("PLUGIN_LOAD_FAILED", thrown);
  }
}

/** What was thrown and the place in the plugin, on one line. A plugin may throw anything at all. */
function thrownText(error: unknown): string {
  try {
    if (!(error instanceof Error)) return String(error);
    const place = /plugin:[^\s()]+/.exec(error.stack ?? "")?.[0];
    return `${error.name}: ${error.message}${place === undefined ? "" : ` (${place})`}`;
  } catch {
    return "a value that cannot be shown";
  }
}

/** Refuses a module without any definition, or with a broken one. */
function readDefinitions(source: CheckedSource, module: Record<string, unknown>): Map<string, NodeDefinition> {
  const refuse = (fact: string, way?: string) =>
    new PluginRefused("PLUGIN_LOAD_FAILED", `Cannot load plugin "${source.id}" as ${source.file} ${fact}`, way);
  const definitions = new Map<string, NodeDefinition>();
  for (const [name, value] of Object.entries(module)) {
    if (!isDefinition(value)) continue;
    const fault = definitionFault(value);
    if (fault !== undefined) throw refuse(`exports ${name}, whose ${fault}`, "docs/plugin-api.md shows a whole node");
    // A plugin that carries its own copy of the API has its own stamp.
    checkApi(source.id, `${value.api.major}.${value.api.minor}`);
    definitions.set(name, value);
  }
  if (definitions.size > 0) return definitions;
  throw refuse("exports no node", `export const Name = defineNode({ … }), with defineNode from "schnitzel"`);
}

/** What is wrong with a definition, undefined when nothing is. */
export function definitionFault(definition: NodeDefinition): string | undefined {
  const result = v.safeParse(shape, definition);
  if (result.success) return roleFault(definition);
  const [issue] = result.issues;
  return `${v.getDotPath(issue) ?? "definition"} is wrong: ${issue.message}`;
}

function roleFault({ kind, inputs, inputsFor }: NodeDefinition): string | undefined {
  const count = inputsFor === undefined ? Object.keys(inputs).length : 1;
  if (kind === "source" && count > 0) return "inputs are wrong: a source has none";
  if (kind !== "source" && count === 0) return `inputs are wrong: a ${kind} has at least one`;
  return undefined;
}

/** The export an address means: the one it names; without a name `default`, else the only node there is. */
export function chooseExport(
  source: CheckedSource,
  definitions: ReadonlyMap<string, NodeDefinition>,
  name: string | undefined,
): NodeDefinition {
  const names = [...definitions.keys()];
  const chosen = definitions.get(name ?? (names.length === 1 ? names[0]! : "default"));
  if (chosen !== undefined) return chosen;
  const list = names.map((known) => `${source.id}:${known}`).join(", ");
  throw new PluginRefused(
    "PLUGIN_LOAD_FAILED",
    name === undefined
      ? `Cannot choose a node of plugin "${source.id}" as ${source.file} exports ${names.length} and none as default`
      : `Cannot load ${source.id}:${name} as ${source.file} exports no node of that name`,
    `use ${list}`,
  );
}
