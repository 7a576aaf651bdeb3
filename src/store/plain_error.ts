import { toError } from "../base/to_error.ts";
import { type StoreCode, StoreError } from "./error.ts";

/** An error as it crosses a thread: a class does not. */
export interface PlainError {
  message: string;
  stack: string | undefined;
  code: StoreCode | undefined;
}

export function plainError(thrown: unknown): PlainError {
  const error = toError(thrown);
  const { stack } = error;
  if (!(error instanceof StoreError)) return { message: error.message, stack, code: undefined };
  // The constructor writes the code in front.
  return { message: error.message.slice(error.code.length + 2), stack, code: error.code };
}

export function errorOf({ message, stack, code }: PlainError): Error {
  const error = code === undefined ? new Error(message) : new StoreError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
