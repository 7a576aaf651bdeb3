import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";

export const nullSink = defineNode({
  name: "null_sink",
  kind: "sink",
  doc: "Counts packets and lets them go, to end a branch or to measure one.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets to let go.") },
  examples: [{ title: "Nothing comes out", config: {}, input: ["cam01", "cam02"], output: {} }],
  create() {
    let received = 0;
    return {
      process() {
        received += 1;
      },
      metrics: () => ({ received_total: received }),
    };
  },
});
