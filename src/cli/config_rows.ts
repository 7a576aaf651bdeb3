import type { JsonSchema } from "../graph/index.ts";

/** One key of a node's config, for its table. */
export interface ConfigRow {
  /** With the way to it: `api_cfg.timeout_sec`, `rules[].when`, `aggregates.*.fn`. */
  key: string;
  type: string;
  /** `required`, the default as JSON, or nothing. */
  fallback: string;
  doc: string;
}

/** The rows of a config's JSON Schema, those of maps inside it right behind their own. */
export function configRows(schema: JsonSchema, base = ""): ConfigRow[] {
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
  const required = new Set((schema.required ?? []) as string[]);
  return Object.entries(properties).flatMap(([name, property]) => {
    const key = `${base}${name}`;
    const doc = String(property.description ?? "");
    return [
      { key, type: typeText(property), fallback: fallbackText(property, required.has(name)), doc },
      ...inner(property, key),
    ];
  });
}

function inner(schema: JsonSchema, key: string): ConfigRow[] {
  const shapes = (schema.anyOf as JsonSchema[] | undefined) ?? [schema];
  return shapes.flatMap((shape) => {
    const { items, additionalProperties: named } = shape as Record<string, JsonSchema | undefined>;
    if (items !== undefined) return inner(items, `${key}[]`);
    // A map whose keys the graph chooses; false where there are no others.
    return [...configRows(shape, `${key}.`), ...(typeof named === "object" ? inner(named, `${key}.*`) : [])];
  });
}

const fallbackText = (schema: JsonSchema, required: boolean) => {
  if (schema.default !== undefined) return `\`${JSON.stringify(schema.default)}\``;
  return required ? "required" : "";
};

function typeText(schema: JsonSchema): string {
  if (Array.isArray(schema.anyOf)) {
    return [...new Set((schema.anyOf as JsonSchema[]).map(typeText))].join(" or ");
  }
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.type === "array") return `list of ${typeText((schema.items ?? {}) as JsonSchema)}`;
  return `${NAMES[String(schema.type)] ?? "any"}${range(schema)}`;
}

const NAMES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  object: "map",
  null: "null",
};

function range({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: JsonSchema): string {
  const low = exclusiveMinimum === undefined ? minimum : exclusiveMinimum;
  const high = exclusiveMaximum === undefined ? maximum : exclusiveMaximum;
  const parts = [
    ...(low === undefined ? [] : [`${exclusiveMinimum === undefined ? "≥" : ">"} ${low}`]),
    ...(high === undefined ? [] : [`${exclusiveMaximum === undefined ? "≤" : "<"} ${high}`]),
  ];
  return parts.length === 0 ? "" : ` ${parts.join(", ")}`;
}
