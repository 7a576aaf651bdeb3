/** What a verb may do while it runs. */
export interface VerbCall {
  /** Aborted when whoever asked has gone. */
  readonly signal: AbortSignal;
  /** Sends one item of a long answer. Resolves when there is room for the next; rejects when nobody listens any more. */
  send(item: unknown): Promise<void>;
}

/** Carries out one request. What it gives is JSON; what it throws is answered as an error. */
export type Verb = (args: unknown, call: VerbCall) => unknown;

/** Everything a channel can be asked. */
export type Verbs = Readonly<Record<string, Verb>>;

/**
 * - `CONTROL_TAKEN`: another process answers at this socket
 * - `CONTROL_SOCKET`: the socket cannot be made, or what lies there is none
 * - `CONTROL_GONE`: the process broke off before its answer
 * - `CONTROL_SILENT`: it has the socket and does not answer
 * - `CONTROL_CROWDED`: too many ask at once
 * - `CONTROL_REQUEST`: the request cannot be read, or its arguments are wrong
 * - `CONTROL_FAILED`: the verb met a fault of ours
 * - `QUEUE_UNKNOWN`: there is no queue, row or dead letter of that name
 * - `QUEUE_DAMAGED`: the file is damaged, and was left as it is
 * - `QUEUE_NODE_GONE`: dead letters of a node that the graph does not have
 */
export type ControlCode =
  | "CONTROL_TAKEN"
  | "CONTROL_SOCKET"
  | "CONTROL_GONE"
  | "CONTROL_SILENT"
  | "CONTROL_CROWDED"
  | "CONTROL_REQUEST"
  | "CONTROL_FAILED"
  | "QUEUE_UNKNOWN"
  | "QUEUE_DAMAGED"
  | "QUEUE_NODE_GONE";

/** A refusal. Code compares `code`, which may also be one of the store's when it came from there. */
export class ControlError extends Error {
  readonly code: string;

  constructor(code: ControlCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** An error as the other side told it. */
  static told(code: string, message: string): ControlError {
    return new ControlError(code as ControlCode, message);
  }
}

/** A code and a message for whatever was thrown. */
export function answerOf(error: unknown): { code: string; message: string } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === "string" ? message : String(error);
  return typeof code === "string" ? { code, message: text } : { code: "CONTROL_FAILED", message: text };
}
