import { toJsonSchema } from "@valibot/to-json-schema";
import type { NodeDefinition } from "../node/index.ts";
import { interceptorShape } from "./interceptor_shape.ts";
import { profileShape } from "./profile/shape.ts";
import { runtimeShape } from "./runtime.ts";
import { edgeShape, graphShape, nodeShape } from "./schema.ts";
import { portsShape } from "./subgraph/exposed_ports.ts";
import { parameterShape } from "./subgraph/parameters.ts";
import { useShape } from "./subgraph/read_use.ts";

export type JsonSchema = { [key: string]: unknown };

/**
 * JSON Schema (draft-07, which editors know best) of the graph language, with the config of each definition
 * behind its `plugin` name. Other plugin names are allowed and their config is not looked at.
 */
export function graphJsonSchema(definitions: readonly NodeDefinition[]): JsonSchema {
  const graph = convert(graphShape);
  const node = convert(nodeShape);
  const interceptor = convert(interceptorShape);
  const properties = node.properties as JsonSchema;
  const interceptors = (side: "ingress" | "egress") => ({
    ...((graph.properties as JsonSchema)[side] as JsonSchema),
    ...{ type: "array", anyOf: undefined, items: { $ref: "#/definitions/interceptor" } },
  });
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "schnitzel graph, version 2",
    ...graph,
    required: ["version", "nodes"],
    properties: {
      ...(graph.properties as JsonSchema),
      profiles: {
        type: "object",
        description: "Profiles of its own.",
        additionalProperties: { $ref: "#/definitions/profile" },
      },
      parameters: {
        type: "object",
        description: "Only in a file that nodes bring in: what they may say.",
        additionalProperties: convert(parameterShape),
      },
      ports: { ...convert(portsShape), description: "Only in a file that nodes bring in: what edges reach." },
      version: { const: 2, description: "Always 2." },
      vars: { type: "object", description: "Values used as ${vars.name}." },
      nodes: { type: "array", items: { $ref: "#/definitions/node" } },
      edges: { type: "array", items: { $ref: "#/definitions/edge" } },
      ingress: interceptors("ingress"),
      egress: interceptors("egress"),
    },
    definitions: {
      node: {
        ...node,
        properties: {
          ...properties,
          plugin: pluginNames(definitions),
          config: { type: "object", description: "Settings of the node." },
          runtime: { $ref: "#/definitions/runtime" },
          ...pick(convert(useShape).properties as JsonSchema, ["use", "with"]),
        },
        required: [],
        oneOf: [{ required: ["plugin"] }, { required: ["use"] }],
        anyOf: [{ required: ["id"] }, { required: ["node_id"] }],
        allOf: configByPlugin(definitions),
      },
      interceptor: {
        ...interceptor,
        properties: {
          ...(interceptor.properties as JsonSchema),
          plugin: pluginNames(definitions),
          config: { type: "object", description: "Settings of the node." },
          runtime: { $ref: "#/definitions/runtime" },
        },
        allOf: configByPlugin(definitions),
      },
      edge: {
        ...convert(edgeShape),
        allOf: [anyKey("from", "src"), anyKey("to", "dst")],
      },
      runtime: convert(runtimeShape),
      profile: convert(profileShape),
      ...Object.fromEntries(definitions.map(({ name, doc, config }) => [`config_${name}`, configSchema(config, doc)])),
    },
  };
}

const configByPlugin = (definitions: readonly NodeDefinition[]) =>
  definitions.map(({ name }) => ({
    if: { required: ["plugin"], properties: { plugin: { const: name } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { config: { $ref: `#/definitions/config_${name}` } } },
  }));

/** Names complete in the editor; anything else may be a plugin. */
function pluginNames(definitions: readonly NodeDefinition[]): JsonSchema {
  const known = definitions.map(({ name, doc }) => ({ const: name, description: firstSentence(doc) }));
  return { description: "Name of a built-in node, or file:Export of a plugin.", anyOf: [...known, { type: "string" }] };
}

function pick(properties: JsonSchema, names: readonly string[]): JsonSchema {
  return Object.fromEntries(names.map((name) => [name, properties[name]]));
}

function anyKey(...names: string[]): JsonSchema {
  return { anyOf: names.map((name) => ({ required: [name] })) };
}

function firstSentence(doc: string): string {
  return /^.*?\.(?=\s|$)/s.exec(doc.trim())?.[0] ?? doc.trim();
}

/** The config of one node; `__runtime__` is the predecessor's place for `runtime`. */
function configSchema(config: NodeDefinition["config"], doc: string): JsonSchema {
  const schema = convert(config);
  if (typeof schema.properties !== "object") return { ...schema, description: firstSentence(doc) };
  const properties = { ...schema.properties, __runtime__: { type: "object", description: "Old place of runtime." } };
  return { ...schema, properties, description: firstSentence(doc) };
}

/** JSON Schema of one node's config as it is written, where no variable stands in for a value. */
export function configJsonSchema({ config }: Pick<NodeDefinition, "config">): JsonSchema {
  const { $schema: _, ...json } = toJsonSchema(config, { typeMode: "input", errorMode: "ignore" }) as JsonSchema;
  return json;
}

function convert(config: NodeDefinition["config"]): JsonSchema {
  return allowVariables(configJsonSchema({ config })) as JsonSchema;
}

const VARIABLE = { type: "string", pattern: "\\$\\{" };
const NARROW = ["enum", "pattern", "format", "maxLength"];
const TYPED = new Set(["number", "integer", "boolean", "array"]);

/** Wherever anything narrower than any text is wanted, `${VAR}` may stand too. */
function allowVariables(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(allowVariables);
  if (typeof schema !== "object" || schema === null) return schema;
  const { description, ...rest } = schema as JsonSchema;
  const inner: JsonSchema = {};
  for (const [key, value] of Object.entries(rest)) {
    inner[key] =
      key === "properties" ? mapValues(value as JsonSchema) : NESTED.has(key) ? allowVariables(value) : value;
  }
  const described = description === undefined ? {} : { description };
  const typed = TYPED.has(String(rest.type)) || NARROW.some((key) => key in rest);
  return typed ? { ...described, anyOf: [inner, VARIABLE] } : { ...described, ...inner };
}

const NESTED = new Set(["items", "additionalProperties", "anyOf", "oneOf", "allOf", "prefixItems"]);

function mapValues(properties: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, allowVariables(schema)]));
}
