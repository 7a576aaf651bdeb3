import { compileCondition, expressionIssues } from "../nodes/expression.ts";
import type { StreamPacket } from "../packet/index.ts";

/** Compiles `--where`, in the language of `filter`. Throws what is wrong with it, and what may have been meant. */
export function whereCondition(text: string): (packet: StreamPacket) => boolean {
  const [issue] = expressionIssues([], text, "bool");
  if (issue === undefined) return compileCondition(text);
  throw new Error(issue.hint === undefined ? issue.message : `${issue.message} (${issue.hint})`);
}
