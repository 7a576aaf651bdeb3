import * as path from "node:path";
import { configJsonSchema } from "../graph/index.ts";
import { columns } from "./columns.ts";
import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { findNode, type Listed, listNodes } from "./node_catalogue.ts";
import { firstSentence, inputPortsOf, nodePage, outputPorts } from "./node_page.ts";

export const command = defineCommand({
  doc: "With the name of a node its page: what it does, its ports, config and examples. The predecessor's addresses are names, too.",
  args: [{ name: "NAME", doc: "A node, such as rate_limit, or plugin:Export.", optional: true }],
  flags: {
    plugins: flag.text("DIR", "Folder with plugins, instead of ./plugins."),
    json: flag.toggle("Print everything about the nodes as JSON."),
  },
  examples: [
    ["schnitzel nodes", "Every node, by domain."],
    ["schnitzel nodes rate_limit", "The page of one node."],
  ],
  exits: { [EXIT.invalid]: "There is no such node, or usage." },
  async run({ args: [name], flags, terminal }) {
    const pluginsDir = path.resolve(terminal.cwd, flags.plugins ?? "plugins");
    if (name === undefined) {
      const nodes = await listNodes(pluginsDir, terminal);
      terminal.out(flags.json ? json({ nodes: nodes.map(facts) }) : table(nodes));
      return EXIT.ok;
    }
    const node = await findNode(name, pluginsDir, terminal);
    terminal.out(flags.json ? json({ nodes: [facts(node)] }) : nodePage(node.address, node.definition));
    return EXIT.ok;
  },
});

const json = (value: object) => `${JSON.stringify({ schema_version: 1, ...value }, null, 2)}\n`;

function facts({ address, domain, definition }: Listed) {
  const { kind, doc, examples } = definition;
  const inputs = inputPortsOf(definition);
  const { ports, varies } = outputPorts(definition);
  const config = configJsonSchema(definition);
  const known = { inputs: inputs.ports, inputs_vary: inputs.varies, outputs: ports, outputs_vary: varies };
  return { name: address, domain, kind, doc, ...known, config, examples };
}

function table(nodes: readonly Listed[]): string {
  const domains = [...new Set(nodes.map(({ domain }) => domain))];
  const blocks = domains.map((domain) => {
    const rows = nodes
      .filter((node) => node.domain === domain)
      .map(({ address, definition }) => [`  ${address}`, definition.kind, firstSentence(definition.doc)]);
    return `${domain}\n${columns(rows)}`;
  });
  return `${blocks.join("\n")}\n`;
}
