import { yamlText } from "../base/yaml_text.ts";

/** A node of the graph to be written. */
export interface WrittenNode {
  id: string;
  plugin: string;
  config?: Record<string, unknown>;
  runtime?: Record<string, unknown>;
  /** Lines above it, without their `#`. */
  comments?: readonly string[];
}

export interface WrittenEdge {
  from: string;
  to: string;
  durable?: true;
  comments?: readonly string[];
}

/** A graph to be written. */
export interface WrittenGraph {
  name: string;
  /** Other keys at the top, such as `vars`. */
  top?: Record<string, unknown>;
  nodes: readonly WrittenNode[];
  edges: readonly WrittenEdge[];
  /** Above everything. */
  comments: readonly string[];
  /** Below everything. */
  tail?: readonly string[];
}

/** The graph as the text of a file. */
export function graphText({ name, top = {}, nodes, edges, comments, tail = [] }: WrittenGraph): string {
  return [
    ...comments.map(comment),
    "version: 2",
    ...block({ name, ...top }, ""),
    ...section("nodes", nodes),
    ...section("edges", edges),
    ...tail.map(comment),
    "",
  ].join("\n");
}

function section(name: string, items: readonly (WrittenNode | WrittenEdge)[]): string[] {
  if (items.length === 0) return [];
  const lines = items.flatMap(({ comments = [], ...item }) => [
    ...comments.map((text) => `  ${comment(text)}`),
    ...listItem(withoutEmpty(item), "  "),
  ]);
  return [`${name}:`, ...lines];
}

const withoutEmpty = (item: object) =>
  Object.fromEntries(
    Object.entries(item).filter(([, value]) => typeof value !== "object" || Object.keys(value).length > 0),
  );

const comment = (text: string) => (text === "" ? "#" : `# ${text}`);

/** A reference stands without quotes, so that it is read by its looks; between braces it could not. */
const REFERENCE = /^\$\{[^\s#:]([^#]*[^\s#])?\}$/;
const holdsReference = (value: unknown): boolean =>
  typeof value === "string"
    ? value.includes("${")
    : typeof value === "object" && value !== null && Object.values(value).some(holdsReference);

function block(value: Record<string, unknown>, indent: string): string[] {
  return Object.entries(value).flatMap(([name, item]) => entry(name, item, indent));
}

function entry(name: string, value: unknown, indent: string): string[] {
  if (!holdsReference(value)) return indented(yamlText({ [name]: value }), indent);
  const key = yamlText(name).trim();
  if (typeof value === "string") return [`${indent}${key}: ${scalar(value)}`];
  return [`${indent}${key}:`, ...nested(value as object, `${indent}  `)];
}

function nested(value: object, indent: string): string[] {
  if (!Array.isArray(value)) return block(value as Record<string, unknown>, indent);
  return value.flatMap((item) => listItem(item, indent));
}

function listItem(value: unknown, indent: string): string[] {
  if (!holdsReference(value)) return indented(yamlText([value]), indent);
  if (typeof value === "string") return [`${indent}- ${scalar(value)}`];
  const [first, ...rest] = nested(value as object, `${indent}  `);
  return [`${indent}- ${first!.trimStart()}`, ...rest];
}

const scalar = (text: string) => (REFERENCE.test(text) && !text.includes(": ") ? text : JSON.stringify(text));

const indented = (text: string, indent: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => indent + line);
