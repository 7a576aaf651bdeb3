export { type CallOptions, callControl, controlOwner } from "./call_control.ts";
export type { Changed } from "./queues/change_verbs.ts";
export { MAX_PEEK, type QueueSummary } from "./queues/look_verbs.ts";
export { DEAD_LETTERS, type NamedQueue, queuesNamed } from "./queues/named_queue.ts";
export { type QueueVerbOptions, queueVerbs } from "./queues/queue_verbs.ts";
export type { ListedRow } from "./queues/row_view.ts";
export { IMPORT_LINES } from "./queues/transfer_verbs.ts";
export { type ControlOptions, type ControlServer, serveControl } from "./serve_control.ts";
export { answerOf, type ControlCode, ControlError, type Verb, type VerbCall, type Verbs } from "./verb.ts";
