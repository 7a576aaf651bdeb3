import type { Redactor } from "./redact.ts";
import type { ReloadsSnapshot } from "./snapshot.ts";

/** The reloads of a run, in its report. */
export interface ReloadLine {
  generation: number;
  outcomes: Readonly<Record<string, number>>;
  /** How the last one ended, and why. */
  last: string;
  /** Of the last one that succeeded. */
  pause_ms: number | null;
}

export function reloadLine({ generation, outcomes, last, pauseMs }: ReloadsSnapshot, redactor: Redactor): ReloadLine {
  const told = last.reason === undefined ? last.outcome : `${last.outcome}: ${redactor.text(last.reason)}`;
  return { generation, outcomes, last: told, pause_ms: pauseMs ?? null };
}
