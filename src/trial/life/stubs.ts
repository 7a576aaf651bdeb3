import type { PlanNode } from "../../graph/index.ts";
import { type NodeContext, type NodeInstance, Unavailable } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { GivenPacket, Stub } from "../script/shape.ts";
import { overlaid } from "./captures.ts";

/** What stands for a node: it swallows packets, lets them pass, or answers the n-th with what is written for it. */
export function stubOf(stub: Stub, { outputs }: PlanNode, { packet: make }: NodeContext): NodeInstance {
  if (stub === "capture") return { process() {} };
  const [first] = outputs;
  if (stub === "pass") return { process: (packet, emit) => void (first !== undefined && emit[first]!(packet)) };
  const calls = new Map(Object.keys(stub).map((port) => [port, answersOf(stub[port]!)]));
  return {
    process(packet, emit) {
      for (const [port, answers] of calls) {
        const { value: fields } = answers.next();
        if (fields !== undefined) emit[port]!(make({ ...fieldsOf(packet), ...fields } as never));
      }
    },
  };
}

/** A packet's own, except its id: what a node makes of it is another packet. */
function fieldsOf({ packet_id: _, ...fields }: StreamPacket) {
  return fields;
}

function* answersOf(packets: readonly GivenPacket[]): Generator<Partial<StreamPacket>, undefined> {
  for (const { at: _, every: __, repeat = 1, ...fields } of packets) {
    for (let time = 0; time < repeat; time++) yield fields as Partial<StreamPacket>;
  }
}

/** `instance`, which can do nothing while `down`, as when what it writes to is away. */
export function failingWhile(instance: NodeInstance, down: () => boolean): NodeInstance {
  return overlaid(instance, {
    process(packet, emit, input) {
      if (down()) throw new Unavailable("it is down, as faults.sink_down of the test says");
      return instance.process(packet, emit, input);
    },
  });
}
