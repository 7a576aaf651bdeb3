import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";

export const identity = defineNode({
  name: "identity",
  kind: "transform",
  doc: "Passes every packet on as it is. Useful as a named joint between two parts of a graph.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Any packet.") },
  passes: true,
  outputs: { out: port(ANY, "The same packet.") },
  examples: [{ title: "Nothing changes", config: {}, input: ["cam01", "cam02"], output: { out: ["cam01", "cam02"] } }],
  create: () => ({ process: (packet, emit) => emit.out(packet) }),
});
