import * as path from "node:path";
import { graphJsonSchema } from "../graph/index.ts";
import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { listNodes } from "./node_catalogue.ts";

export const command = defineCommand({
  doc: "JSON Schema (draft-07) of graph files, with the config of every node, for editors to complete and check. With yaml-language-server, write as the first line of a graph: # yaml-language-server: $schema=graph.schema.json",
  flags: {
    plugins: flag.text("DIR", "Folder with plugins, instead of ./plugins."),
    json: flag.toggle("Changes nothing: the schema is JSON."),
  },
  examples: [["schnitzel schema > graph.schema.json", "Once, and again after an upgrade or a new plugin."]],
  async run({ flags, terminal }) {
    const nodes = await listNodes(path.resolve(terminal.cwd, flags.plugins ?? "plugins"), terminal);
    const definitions = nodes.map(({ address, definition }) => ({ ...definition, name: address }));
    terminal.out(`${JSON.stringify(graphJsonSchema(definitions), null, 2)}\n`);
    return EXIT.ok;
  },
});
