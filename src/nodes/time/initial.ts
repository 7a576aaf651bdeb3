import * as v from "valibot";
import { ANY, defineNode, type Emit, port } from "../../node/index.ts";

const text = v.pipe(v.string(), v.minLength(1));

const config = v.strictObject({
  packet: v.pipe(
    v.strictObject({
      kind: v.pipe(v.optional(text, "raw"), v.description("Meaning of the payload.")),
      payload: v.pipe(v.optional(v.unknown(), null), v.description("Any value; null when left out.")),
      source_id: v.pipe(v.optional(text), v.description("Stream it comes from; the node's id when left out.")),
      ts: v.pipe(v.optional(text), v.description("Event time, ISO-8601; now when left out.")),
      meta: v.pipe(v.optional(v.record(v.string(), v.unknown())), v.description("Small facts about the packet.")),
    }),
    v.description("What leaves first."),
  ),
});

export const initial = defineNode({
  name: "initial",
  kind: "initial",
  stateVersion: 1,
  doc: `Sends a packet of its own first, then passes everything on: what a cycle begins with. A cycle must pass one, or a
\`delay\`.

It sends it when the run begins, before any source is asked, so a cycle that nothing else starts gets going. A run that
goes on from stored state does not send it again.`,
  config,
  inputs: { in: port(ANY, "Packets to pass on.") },
  outputs: { out: port(ANY, "The first packet, then those that come in.") },
  examples: [
    {
      title: "A controller hears of 0 degrees before anything was measured",
      config: { packet: { kind: "sensor", payload: { value: 0 } } },
      input: [{ kind: "sensor", payload: { value: 3 } }],
      output: { out: [{ payload: { value: 0 } }, { payload: { value: 3 } }] },
    },
    {
      title: "Nothing else comes",
      config: { packet: { payload: "go" } },
      input: [],
      output: { out: [{ payload: "go" }] },
    },
  ],
  create({ packet: first }, context) {
    let sent = false;
    const begin = (emit: Emit<"out">) => {
      if (sent) return;
      sent = true;
      emit.out(context.packet(first));
    };
    context.wakeAfter(0);
    return {
      process(packet, emit) {
        begin(emit);
        emit.out(packet);
      },
      wake: begin,
      snapshot: () => ({ sent }),
      restore(state) {
        sent = (state as { sent?: unknown }).sent === true;
      },
    };
  },
});
