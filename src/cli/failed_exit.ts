import { EXIT } from "./exit.ts";

/** Codes of what stood in a run's way that are no fault of the graph. */
const CODES: Readonly<Record<string, number>> = { QUEUE_BUSY: EXIT.owned, CANNOT_LISTEN: EXIT.precondition };

/** Exit code of a command that ended because of `reason`; `otherwise` when nothing more is known of it. */
export function failedExit(reason: unknown, otherwise: number): number {
  const { code } = Object(reason) as { code?: unknown };
  return (typeof code === "string" ? CODES[code] : undefined) ?? otherwise;
}
