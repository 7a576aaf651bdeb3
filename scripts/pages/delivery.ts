import { DELIVERY_METRICS } from "../../src/delivery/index.ts";

/** The part of `docs/metrics.md` on what nodes with a delivery policy count. */
export function deliveryMetrics(): string {
  const rows = Object.entries(DELIVERY_METRICS).map(([name, help]) => `| \`${name}\` | ${help} |`);
  return `
## Delivery

A node with a [delivery policy](graph.md#delivery) counts these beside its own. They are values of
\`schnitzel_node_own_total\` and \`schnitzel_node_own\`, and keys of \`node_metrics\` in the report.

| metric | what it is |
|---|---|
${rows.join("\n")}
`;
}
