export { type CallOptions, callControl, controlOwner } from "./call_control.ts";
export { type ControlOptions, type ControlServer, serveControl } from "./serve_control.ts";
export { type ControlCode, ControlError, type Verb, type VerbCall, type Verbs } from "./verb.ts";
