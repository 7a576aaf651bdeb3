/** What a plugin gets from `import … from "schnitzel"`. Everything here is under the semver of `PLUGIN_API`. */
export * as v from "valibot";
export type { Meta, PacketFields, StreamPacket } from "../packet/index.ts";
export { ANY, idempotencyKey, replace, WholeFloat } from "../packet/index.ts";
export type { NodeContext, NodeLog } from "./context.ts";
export type { Emit, Example, NodeDefinition, NodeInstance, SourceInstance } from "./definition.ts";
export { defineNode, PLUGIN_API } from "./definition.ts";
export type { FailureKind, PacketFailure } from "./failure.ts";
export { Rejected, Unavailable } from "./failure.ts";
export type { PacketOutcome } from "./outcome.ts";
export { port } from "./port.ts";
