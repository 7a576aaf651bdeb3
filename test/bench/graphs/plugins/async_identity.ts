import { ANY, defineNode, port, v } from "schnitzel";

/** Passes a packet on from a promise, so every packet costs a turn of the microtask queue. */
export const asyncIdentity = defineNode({
  name: "async_identity",
  kind: "transform",
  doc: "Passes every packet on, one microtask later.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") },
  outputs: { out: port(ANY, "The same packets.") },
  examples: [{ title: "Passes on", config: {}, input: ["a"], output: { out: ["a"] } }],
  create: () => ({
    async process(packet, emit) {
      await null;
      emit.out(packet);
    },
  }),
});
