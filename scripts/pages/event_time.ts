import { EVENT_TIME_METRICS } from "../../src/engine/index.ts";

/** The part of `docs/metrics.md` on what is told of event time. */
export function eventTimeMetrics(): string {
  const rows = Object.entries(EVENT_TIME_METRICS).map(([name, help]) => `| \`${name}\` | ${help} |`);
  return `
## Event time

In a graph with nodes that go by [event time](graph.md#event-time), told in the same places:

| metric | what it is |
|---|---|
${rows.join("\n")}
`;
}
