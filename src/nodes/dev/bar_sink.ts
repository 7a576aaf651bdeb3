import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";

export const barSink = defineNode({
  name: "bar_sink",
  kind: "sink",
  doc: `Takes only packets of kind \`bar\` and lets them go.

It exists so that a graph can show what a kind mismatch looks like: an edge from a source of another kind into
this node is refused before the run.`,
  config: v.strictObject({}),
  inputs: { in: port("bar", "Packets of kind bar.") },
  examples: [{ title: "Nothing comes out", config: {}, input: [{ kind: "bar" }], output: {} }],
  create: () => ({ process() {} }),
});
