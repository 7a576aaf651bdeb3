import type { Meta, StreamPacket } from "../packet/index.ts";
import type { NodeContext } from "./context.ts";
import type { Emit, NodeDefinition, NodeInstance, ProcessResult } from "./definition.ts";
import { Rejected } from "./failure.ts";

/** What of a reason fits a line of a log or a report. */
const MAX_DETAIL = 200;

/**
 * The same node without some of its output ports: a packet that would leave by one of them is rejected instead, so that
 * it becomes a dead letter of this node and its source hears of it.
 */
export function refusing(definition: NodeDefinition, ports: readonly string[]): NodeDefinition {
  if (ports.length === 0) return definition;
  const outputs = (config: unknown) =>
    Object.fromEntries(Object.entries(definition.outputs(config)).filter(([name]) => !ports.includes(name)));
  return Object.freeze({
    ...definition,
    outputs,
    staticOutputs: undefined,
    create: (config: unknown, context: NodeContext) =>
      withoutPorts(definition.create(config, context) as NodeInstance, ports, context),
  });
}

function withoutPorts(node: NodeInstance, ports: readonly string[], context: NodeContext): NodeInstance {
  const refusal = (port: string, made: StreamPacket, taken?: StreamPacket) =>
    new Rejected(`the packet left by "${port}"${detail(made.meta, taken?.meta)}`);
  const during = (emit: Emit, refuse: (port: string, made: StreamPacket) => void): Emit => ({
    ...emit,
    ...Object.fromEntries(ports.map((port) => [port, (made: StreamPacket) => refuse(port, made)])),
  });
  /** Of a packet that nobody is calling with, only a record can be set aside. */
  const setAside = (emit: Emit) => during(emit, (port, made) => context.reject(made, refusal(port, made).message));
  const process = (packet: StreamPacket, emit: Emit, input: string): ProcessResult =>
    node.process(
      packet,
      during(emit, (port, made) => {
        throw refusal(port, made, packet);
      }),
      input,
    );
  return {
    ...rest(node),
    process,
    ...(node.advance && { advance: (untilMs: number, emit: Emit) => node.advance!(untilMs, setAside(emit)) }),
    ...(node.wake && { wake: (emit: Emit) => node.wake!(setAside(emit)) }),
  };
}

/** Everything that sends nothing. Bound one by one: an instance may be of a class with private fields. */
const rest = (node: NodeInstance): Partial<NodeInstance> => ({
  ...(node.open && { open: () => node.open!() }),
  ...(node.close && { close: () => node.close!() }),
  ...(node.metrics && { metrics: () => node.metrics!() }),
  ...(node.snapshot && { snapshot: () => node.snapshot!() }),
  ...(node.restore && { restore: (state: unknown) => node.restore!(state) }),
});

/** What the node wrote into `meta` about it, such as the errors of a schema. */
function detail(made: Meta, taken: Meta = made): string {
  const added = Object.entries(made).filter(([key]) => !Object.hasOwn(taken, key));
  if (added.length === 0) return "";
  return `: ${JSON.stringify(Object.fromEntries(added)).slice(0, MAX_DETAIL)}`;
}
