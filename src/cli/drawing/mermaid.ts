import type { GraphPlan, PlanNode } from "../../graph/index.ts";

/** The graph as a Mermaid flowchart, which GitHub and many editors draw. Ports are named unless they are the default. */
export function drawMermaid({ nodes, edges }: GraphPlan): string {
  const lines = [
    "flowchart LR",
    ...nodes.map((node) => `  ${key(node)}${shape(node)}`),
    ...edges.map(({ from, fromPort, to, toPort, durable }) => {
      const [start, end] = [nodes[from]!, nodes[to]!];
      const ports = [fromPort === start.outputs[0] ? "" : fromPort, end.inputs.length < 2 ? "" : `to ${toPort}`];
      const label = [...ports, durable === undefined ? "" : "durable"].filter(Boolean).join(" ");
      return `  ${key(start)} -->${label === "" ? "" : `|${quoted(label)}|`} ${key(end)}`;
    }),
  ];
  return `${lines.join("\n")}\n`;
}

/** Ids may be words that Mermaid reserves, such as `end`, so nodes are numbered. */
const key = ({ index }: PlanNode) => `n${index}`;

function shape({ id, definition, absorbedInto }: PlanNode): string {
  const name = id === definition.name ? id : `${id}<br/>${definition.name}`;
  const label = quoted(absorbedInto === undefined ? name : `${name}<br/>absorbed into ${absorbedInto}`);
  if (definition.kind === "source") return `([${label}])`;
  return definition.kind === "sink" ? `[[${label}]]` : `[${label}]`;
}

const quoted = (text: string) => `"${text.replaceAll('"', "#quot;")}"`;
