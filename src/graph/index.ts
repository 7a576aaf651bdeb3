export { DURATION, durationMs } from "../base/duration.ts";
export {
  type ChangesOptions,
  changesOf,
  droppedStates,
  type GraphChanges,
  isUnchanged,
  type NodeChange,
  type QueueChange,
} from "./changes.ts";
export { CODES, type CodeText } from "./codes.ts";
export { type CompileOptions, type CompileResult, compileGraph } from "./compile.ts";
export type { Diagnostic, DiagnosticCode, Place } from "./diagnostic.ts";
export { YamlDocument } from "./document.ts";
export { editNodes, type NodeEdit } from "./edit/edit_nodes.ts";
export { EditRefused } from "./edit/edit_refused.ts";
export { parseEnvFile } from "./env_file.ts";
export { type GraphSource, MAX_GRAPH_BYTES, type ReadResult, readGraphFile } from "./file.ts";
export { explainCode, type FormatOptions, formatDiagnostics, placeText } from "./format.ts";
export { configJsonSchema, graphJsonSchema, type JsonSchema } from "./json_schema.ts";
export * from "./plan.ts";
export { BUILT_IN_PROFILES } from "./profile/built_in.ts";
export type { AskedProfile } from "./profile/profiles.ts";
export { runtimeOptions } from "./runtime.ts";
