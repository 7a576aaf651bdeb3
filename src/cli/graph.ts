import type { GraphPlan } from "../graph/index.ts";
import { defineCommand, flag } from "./command/index.ts";
import { drawMermaid } from "./drawing/mermaid.ts";
import { drawSvg } from "./drawing/svg.ts";
import { drawText } from "./drawing/text.ts";
import { EXIT } from "./exit.ts";
import { readOneGraph } from "./graph_files.ts";
import { GRAPH_FLAGS, GraphChecker, graphSettings } from "./graph_settings.ts";
import { printFindings } from "./run_plan.ts";

const FORMATS = { text: drawText, mermaid: drawMermaid, svg: drawSvg, json: asJson };

export const command = defineCommand({
  args: [{ name: "GRAPH", doc: "Graph file; - is standard input." }],
  flags: {
    format: flag.choice(Object.keys(FORMATS) as (keyof typeof FORMATS)[], "How to show it; text unless given."),
    json: flag.toggle("The same as --format json."),
    ...GRAPH_FLAGS,
  },
  examples: [
    ["schnitzel graph graphs/weather_alarm.yaml", "Its nodes, and where their ports lead."],
    ["schnitzel graph yard.yaml --format mermaid", "For a fenced mermaid block in Markdown."],
    ["schnitzel graph yard.yaml --format svg > yard.svg", "A picture."],
  ],
  exits: { [EXIT.invalid]: "The graph has an error, or usage." },
  async run({ args, flags, terminal }) {
    const settings = graphSettings(flags, terminal);
    const { source, diagnostics } = await readOneGraph(args[0]!, settings.maxBytes, terminal);
    if (source === undefined) {
      printFindings(diagnostics, {}, terminal);
      return EXIT.invalid;
    }
    const { plan, texts, ...compiled } = await new GraphChecker(settings, terminal).check(source);
    printFindings(compiled.diagnostics, texts, terminal);
    if (plan === undefined) return EXIT.invalid;
    terminal.out(FORMATS[flags.json ? "json" : (flags.format ?? "text")](plan));
    return EXIT.ok;
  },
});

function asJson({ name, path, compat, hash, profile, nodes, edges, cells }: GraphPlan): string {
  const facts = {
    schema_version: 1,
    name,
    path,
    compat,
    hash,
    profile: profile ?? null,
    nodes: nodes.map((node) => ({
      ...{ id: node.id, plugin: node.definition.name, kind: node.definition.kind },
      ...{ inputs: node.inputs, outputs: node.outputs, runtime: node.runtime },
      ...(node.absorbedInto === undefined ? {} : { absorbed_into: node.absorbedInto }),
      ...(node.intercepts === undefined ? {} : { intercepts: node.intercepts }),
    })),
    edges: edges.map(({ from, fromPort, to, toPort, durable, feedback }) => ({
      from: { node: nodes[from]!.id, port: fromPort },
      to: { node: nodes[to]!.id, port: toPort },
      ...(durable === undefined ? {} : { durable }),
      ...(feedback ? { feedback } : {}),
    })),
    ...(cells === undefined ? {} : { blackboard: cells }),
  };
  return `${JSON.stringify(facts, null, 2)}\n`;
}
