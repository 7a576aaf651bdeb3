import type { PlanNode } from "../../graph/index.ts";
import { ANY, type NodeContext } from "../../node/index.ts";
import type { PacketFields, StreamPacket } from "../../packet/index.ts";

/** Makes the packet that a source sends, by source. */
export type GivenPackets = Map<string, (fields: Partial<StreamPacket>) => StreamPacket>;

/** A packet with what the test leaves out: the kind that the source makes, its id, the time it is sent at. */
export function packetOf(fields: Partial<StreamPacket>, node: PlanNode, { packet }: NodeContext): StreamPacket {
  const kinds = node.definition.outputs(node.config)[node.outputs[0] ?? ""]?.kinds ?? ANY;
  const [kind] = kinds === ANY ? ["raw"] : kinds;
  return packet({ kind: kind!, payload: null, ...fields } as PacketFields);
}
