import type { Resolution } from "../node/index.ts";

export type RefusalCode = Extract<Resolution, { found: false }>["code"];

/** Why a plugin is not loaded. Thrown while it is looked at, and turned into a resolution in one place. */
export class PluginRefused extends Error {
  readonly code: RefusalCode;
  readonly hint: string | undefined;

  constructor(code: RefusalCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** A refusal as data; anything else that was thrown goes on. */
export function asResolution(error: unknown): Extract<Resolution, { found: false }> {
  if (!(error instanceof PluginRefused)) throw error;
  const { code, message, hint } = error;
  return hint === undefined ? { found: false, code, message } : { found: false, code, message, hint };
}
