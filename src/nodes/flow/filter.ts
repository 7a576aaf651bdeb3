import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";
import { cellIssues, cellsOf, seesCells } from "../cell_variables.ts";
import { compileCondition } from "../expression.ts";

export const filter = defineNode({
  name: "filter",
  kind: "transform",
  doc: `Passes the packets for which \`when\` is true; the others leave by \`rejected\`.

\`when\` is a [CEL](https://cel.dev) expression over \`payload\`, \`meta\`, \`kind\`, \`source_id\` and \`ts\`. It is
parsed and type-checked before the run. Reading a field that a packet does not have is an error (the packet becomes
a dead letter), so test first: \`has(payload.celsius) && payload.celsius > 20\`.

\`cells.NAME\` is the value of a cell of the graph's blackboard; one that has none now is a missing field:
\`has(cells.limit) && payload.celsius > cells.limit\`.`,
  config: v.strictObject({
    when: v.pipe(v.string(), v.minLength(1), v.description("CEL condition; true passes the packet.")),
  }),
  inputs: { in: port(ANY, "Packets to judge.") },
  passes: true,
  outputs: { out: port(ANY, "The condition is true."), rejected: port(ANY, "The condition is false.") },
  examples: [
    {
      title: "Warm readings only",
      config: { when: "payload.celsius > 20" },
      input: [{ payload: { celsius: 19.5 } }, { payload: { celsius: 21 } }],
      output: { out: [{ payload: { celsius: 21 } }], rejected: [{ payload: { celsius: 19.5 } }] },
    },
    {
      title: "A field that some packets lack",
      config: { when: 'kind == "event" && has(payload.severity) && payload.severity in ["HIGH", "CRITICAL"]' },
      input: [
        { kind: "event", payload: { severity: "HIGH" } },
        { kind: "event", payload: {} },
      ],
      output: { out: [{ payload: { severity: "HIGH" } }], rejected: [{ payload: {} }] },
    },
    {
      title: "A limit that others set, from the blackboard",
      config: { when: "payload.celsius > cells.limit" },
      cells: { limit: 20 },
      input: [{ payload: { celsius: 19.5 } }, { payload: { celsius: 21 } }],
      output: { out: [{ payload: { celsius: 21 } }], rejected: [{ payload: { celsius: 19.5 } }] },
    },
  ],
  check: ({ when }) => cellIssues(["when"], when, "bool"),
  cells: ({ when }) => cellsOf([when]),
  create({ when }, { cells }) {
    const passes = compileCondition(when, "cells");
    const seen = seesCells([when], cells);
    return { process: (packet, emit) => (passes(seen(packet)) ? emit.out(packet) : emit.rejected(packet)) };
  },
});
