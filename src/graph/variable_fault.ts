import type { DiagnosticCode } from "./diagnostic.ts";

/** Why a `${…}` has no value. Thrown while one scalar is filled in, and reported at that scalar. */
export class VariableFault extends Error {
  readonly code: DiagnosticCode;
  readonly hint: string | undefined;

  constructor(code: DiagnosticCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** The reason was reported where it arose; the value that leads there is broken too, without a word. */
export class FollowingFault extends Error {}

/** At most 60 characters, for messages. */
export function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
