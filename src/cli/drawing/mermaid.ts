import type { GraphPlan, PlanNode } from "../../graph/index.ts";
import { type Group, grouped, ownName } from "./groups.ts";

/** The graph as a Mermaid flowchart, which GitHub and many editors draw. Ports are named unless they are the default. */
export function drawMermaid({ nodes, edges, cells = [] }: GraphPlan): string {
  const named = new Map(nodes.map((node) => [node.id, key(node)]));
  const lines = [
    "flowchart LR",
    ...groupLines(grouped(nodes), "  "),
    ...edges.map(({ from, fromPort, to, toPort, durable, feedback }) => {
      const [start, end] = [nodes[from]!, nodes[to]!];
      const ports = [fromPort === start.outputs[0] ? "" : fromPort, end.inputs.length < 2 ? "" : `to ${toPort}`];
      const facts = [durable === undefined ? "" : "durable", feedback ? "closes a cycle" : ""];
      const label = [...ports, ...facts].filter(Boolean).join(" ");
      return `  ${key(start)} -->${label === "" ? "" : `|${quoted(label)}|`} ${key(end)}`;
    }),
    // Dotted: no packet goes there.
    ...cells.flatMap(({ name, type, readers, writers }, at) => [
      `  b${at}[(${quoted(`${name}<br/>${type}`)})]`,
      ...writers.map((id) => `  ${named.get(id)} -.-> b${at}`),
      ...readers.map((id) => `  b${at} -.-> ${named.get(id)}`),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Nodes of a file that a node brings in stand in a box of their own. */
function groupLines({ nodes, groups }: Group, indent: string): string[] {
  const boxes = groups.flatMap((group) => [
    `${indent}subgraph g${first(group)}[${quoted(group.name)}]`,
    ...groupLines(group, `${indent}  `),
    `${indent}end`,
  ]);
  return [...nodes.map((node) => `${indent}${key(node)}${shape(node)}`), ...boxes];
}

/** Names a group by its first node and how deep that stands, as a group and its only inner one share the node. */
const first = (group: Group): string => group.nodes[0]?.index.toString() ?? `${first(group.groups[0]!)}_`;

/** Ids may be words that Mermaid reserves, such as `end`, so nodes are numbered. */
const key = ({ index }: PlanNode) => `n${index}`;

function shape(node: PlanNode): string {
  const { definition, absorbedInto } = node;
  const id = ownName(node);
  const name = id === definition.name ? id : `${id}<br/>${definition.name}`;
  const label = quoted(absorbedInto === undefined ? name : `${name}<br/>absorbed into ${absorbedInto}`);
  if (definition.kind === "source") return `([${label}])`;
  return definition.kind === "sink" ? `[[${label}]]` : `[${label}]`;
}

const quoted = (text: string) => `"${text.replaceAll('"', "#quot;")}"`;
