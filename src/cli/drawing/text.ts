import type { CellPlan, GraphPlan } from "../../graph/index.ts";

/** The graph as text: every node in the order packets reach it, with where its ports lead. */
export function drawText({ name, nodes, edges, ranks, cells = [] }: GraphPlan): string {
  const order = [...nodes].sort((a, b) => ranks[a.index]! - ranks[b.index]! || a.index - b.index);
  const width = Math.max(0, ...nodes.map(({ id }) => id.length));
  const edgesFrom = Map.groupBy(edges, ({ from }) => from);
  const blocks = order.map(({ index, id, definition, outputs, absorbedInto }) => {
    const leaving = edgesFrom.get(index) ?? [];
    const open = outputs.filter((port) => !leaving.some(({ fromPort }) => fromPort === port));
    const lines = [
      `${id.padEnd(width)}  ${definition.name} (${definition.kind})${absorbedInto === undefined ? "" : `, absorbed into ${absorbedInto}`}`,
      ...leaving.map(
        ({ fromPort, to, toPort, durable, feedback }) =>
          `  .${fromPort} -> ${nodes[to]!.id}.${toPort}${durable === undefined ? "" : ", durable"}${feedback ? ", closes a cycle" : ""}`,
      ),
      ...open.map((port) => `  .${port} is not connected`),
    ];
    return lines.join("\n");
  });
  const board = cells.length === 0 ? [] : [["blackboard", ...cells.map(cellLine)].join("\n")];
  return `${[`${name}: ${nodes.length} nodes, ${edges.length} edges`, ...blocks, ...board].join("\n\n")}\n`;
}

function cellLine({ name, type, readers, writers, persist }: CellPlan): string {
  const users = (what: string, ids: readonly string[]) => (ids.length === 0 ? [] : [`${what} by ${ids.join(", ")}`]);
  const facts = [type, ...(persist ? ["persistent"] : []), ...users("written", writers), ...users("read", readers)];
  return `  ${name}: ${facts.join(", ")}`;
}
