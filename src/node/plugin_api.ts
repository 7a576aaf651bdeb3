/** What a plugin gets from `import … from "schnitzel"`. Everything here is under the semver of `PLUGIN_API`. */
export * as v from "valibot";
export { WholeFloat } from "../packet/float.ts";
export { ANY } from "../packet/kinds.ts";
export type { Meta, PacketFields, StreamPacket } from "../packet/packet.ts";
export { idempotencyKey, replace } from "../packet/packet.ts";
export type { NodeContext, NodeLog } from "./context.ts";
export type { Emit, Example, NodeDefinition, NodeInstance, SourceInstance } from "./definition.ts";
export { defineNode, PLUGIN_API } from "./definition.ts";
export { port } from "./port.ts";
