import { ALL_CODES } from "../../src/cli/explain.ts";
import type { CodeText } from "../../src/graph/index.ts";

/** `docs/errors.md`: every code of a diagnostic, and of what a run and `queue` print besides. */
export function errorsPage(): string {
  const codes = Object.entries(ALL_CODES).map(([code, text]) => codeText(code, text));
  const intro =
    "What `schnitzel validate` and `schnitzel run` find in a graph, and at the end what only a run and `schnitzel queue` print. Codes are stable; `schnitzel explain CODE` prints one.";
  return `${["# Error codes", intro, ...codes].join("\n\n")}\n`;
}

function codeText(code: string, { title, cause, fix, example }: CodeText): string {
  const parts = [`## ${code}`, `**${title}.** ${cause}`, `What to do: ${fix}`];
  // Marked, so that validating the docs passes over it: it shows what not to write.
  const language = example?.startsWith("schnitzel ") ? "sh" : "yaml no-check";
  if (example !== undefined) parts.push(`\`\`\`${language}\n${example}\n\`\`\``);
  return parts.join("\n\n");
}
