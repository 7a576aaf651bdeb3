import type { NodeContext as WholeContext } from "./context.ts";

/** What a plugin gets from `import … from "schnitzel"`. Everything here is under the semver of `PLUGIN_API`. */
export * as v from "valibot";
export type { Meta, PacketFields, StreamPacket } from "../packet/index.ts";
export { ANY, eventTimeMs, idempotencyKey, replace, WholeFloat } from "../packet/index.ts";

/** Without what the built-in nodes for video, sound and models are given: that may change in any version. */
export type NodeContext = Omit<WholeContext, "spawn" | "exchange" | "ffmpeg" | "inference" | "live">;
export type { Cell, Cells, CellUse, CellValue } from "./cells.ts";
export type { NodeLog } from "./context.ts";
export type { Emit, NodeDefinition, NodeInstance, SourceInstance } from "./definition.ts";
export { defineNode, PLUGIN_API } from "./definition.ts";
export type { Example, ExampleInput } from "./example.ts";
export type { FailureKind, PacketFailure } from "./failure.ts";
export { Rejected, Unavailable } from "./failure.ts";
export type { Hold } from "./hold.ts";
export type { PacketOutcome } from "./outcome.ts";
export { port } from "./port.ts";
