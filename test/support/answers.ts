import * as v from "valibot";
import type { NodeDefinition } from "../../src/node/index.ts";
import { inputPorts } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { node, source, type TestNode } from "./engine.ts";

/** The node itself in an engine. */
export function real(id: string, definition: NodeDefinition, config: Record<string, unknown>): TestNode {
  const parsed = v.parse(definition.config, config);
  const ports = {
    inputs: Object.keys(inputPorts(definition, parsed)),
    outputs: Object.keys(definition.outputs(parsed)),
  };
  return { ...node(id), ...ports, create: (context) => definition.create(parsed, context) };
}

/** A source that waits for each packet, and what it heard of it. */
export function waiting(id: string, given: readonly StreamPacket[], heard: Map<string, string[]>) {
  const hear = (word: string) => (of: StreamPacket) =>
    void heard.set(of.packet_id, [...(heard.get(of.packet_id) ?? []), word]);
  return source(id, given, { ack: hear("ack"), nack: hear("nack") });
}

/** A sink that refuses some packets. */
export const refusing = (isBad: (packet: StreamPacket) => boolean) =>
  node("sink", (packet) => void (isBad(packet) && refuse()), { kind: "sink", outputs: [] });

function refuse() {
  throw new Error("refused");
}
