import type { GraphPlan } from "../../graph/index.ts";

/** The graph as text: every node in the order packets reach it, with where its ports lead. */
export function drawText({ name, nodes, edges, ranks }: GraphPlan): string {
  const order = [...nodes].sort((a, b) => ranks[a.index]! - ranks[b.index]! || a.index - b.index);
  const width = Math.max(0, ...nodes.map(({ id }) => id.length));
  const edgesFrom = Map.groupBy(edges, ({ from }) => from);
  const blocks = order.map(({ index, id, definition, outputs, absorbedInto }) => {
    const leaving = edgesFrom.get(index) ?? [];
    const open = outputs.filter((port) => !leaving.some(({ fromPort }) => fromPort === port));
    const lines = [
      `${id.padEnd(width)}  ${definition.name} (${definition.kind})${absorbedInto === undefined ? "" : `, absorbed into ${absorbedInto}`}`,
      ...leaving.map(
        ({ fromPort, to, toPort, durable }) =>
          `  .${fromPort} -> ${nodes[to]!.id}.${toPort}${durable === undefined ? "" : ", durable"}`,
      ),
      ...open.map((port) => `  .${port} is not connected`),
    ];
    return lines.join("\n");
  });
  return `${[`${name}: ${nodes.length} nodes, ${edges.length} edges`, ...blocks].join("\n\n")}\n`;
}
