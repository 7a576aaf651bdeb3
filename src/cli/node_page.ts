import * as v from "valibot";
import { yamlText } from "../base/yaml_text.ts";
import { configJsonSchema } from "../graph/index.ts";
import { type Example, inputPorts, type NodeDefinition, type Ports } from "../node/index.ts";
import { configRows } from "./config_rows.ts";

/** First sentence of a node's doc, for lists. */
export function firstSentence(doc: string): string {
  return (/^.*?[.!?](?=\s|$)/s.exec(doc)?.[0] ?? doc).replaceAll("\n", " ");
}

/** Output ports; where they follow from the config, those of the first example. */
export function outputPorts(definition: NodeDefinition): { ports: Ports; varies: boolean } {
  if (definition.staticOutputs !== undefined) return { ports: definition.staticOutputs, varies: false };
  const config = v.safeParse(definition.config, definition.examples[0]?.config ?? {});
  return { ports: config.success ? definition.outputs(config.output) : {}, varies: true };
}

/** Input ports, likewise. */
export function inputPortsOf(definition: NodeDefinition): { ports: Ports; varies: boolean } {
  if (definition.inputsFor === undefined) return { ports: definition.inputs, varies: false };
  const config = v.safeParse(definition.config, definition.examples[0]?.config ?? {});
  return { ports: config.success ? inputPorts(definition, config.output) : {}, varies: true };
}

/** A node's page in Markdown: what it does, its ports, config and examples. */
export function nodePage(address: string, definition: NodeDefinition): string {
  const { name, kind, doc, examples } = definition;
  const { ports, varies } = outputPorts(definition);
  const inputs = inputPortsOf(definition);
  return `${[
    `# ${name}`,
    `A ${kind}. In a graph: \`plugin: ${address}\``,
    doc.trim(),
    "## Ports",
    portTable(inputs.ports, ports),
    ...(inputs.varies ? ["The inputs follow from the config; these are the ones of the first example."] : []),
    ...(varies ? ["The outputs follow from the config; these are the ones of the first example."] : []),
    "## Config",
    configTable(definition),
    "## Examples",
    ...examples.map((example) => exampleText(address, example)),
  ].join("\n\n")}\n`;
}

function portTable(inputs: Ports, outputs: Ports): string {
  const rows = [
    ...Object.entries(inputs).map(([name, port]) => ["in", name, port] as const),
    ...Object.entries(outputs).map(([name, port]) => ["out", name, port] as const),
  ].map(([way, name, { kinds, profile, doc }]) => [
    way,
    `\`${name}\``,
    kinds === "*" ? "any" : kinds.map((kind) => `\`${kind}\``).join(", "),
    profile === undefined ? "" : `\`${profile}\``,
    doc,
  ]);
  return rows.length === 0 ? "None." : table(["", "port", "kinds", "profile", "what"], rows);
}

function configTable(definition: NodeDefinition): string {
  const rows = configRows(configJsonSchema(definition)).map(({ key, type, fallback, doc }) => [
    `\`${key}\``,
    type,
    fallback,
    doc,
  ]);
  return rows.length === 0 ? "It has no config." : table(["key", "type", "default", "what"], rows);
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const fileText = (held: string | Uint8Array) => (typeof held === "string" ? held : `(${held.length} bytes)`);

function exampleText(address: string, example: Example): string {
  const { title, config, input, output, files, stdin, stdout, requests, posted } = example;
  const parts: (readonly [string, string, string] | undefined)[] = [
    ["", "yaml", yamlText({ plugin: address, ...(Object.keys(config).length === 0 ? {} : { config }) })],
    ...Object.entries(files ?? {}).map(([file, held]) => [`File \`${file}\`:`, "text", fileText(held)] as const),
    stdin === undefined ? undefined : ["Standard input:", "text", stdin],
    requests === undefined ? undefined : ["Requests, and the status each gets:", "yaml", yamlText(requests)],
    input === undefined ? undefined : ["In:", "yaml", yamlText(input)],
    output === undefined || Object.keys(output).length === 0 ? undefined : ["Out, by port:", "yaml", yamlText(output)],
    posted === undefined ? undefined : ["Requests it sends:", "yaml", yamlText(posted)],
    stdout === undefined ? undefined : ["Standard output:", "text", stdout],
  ];
  const shown = parts
    .filter((part) => part !== undefined)
    .map(
      ([label, language, text]) => `${label === "" ? "" : `${label}\n\n`}\`\`\`${language}\n${text.trimEnd()}\n\`\`\``,
    );
  return [`### ${title}`, ...shown].join("\n\n");
}
