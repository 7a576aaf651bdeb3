import type { Changed } from "../control/index.ts";
import { counted } from "./counted.ts";
import type { Asker } from "./queue_asker.ts";
import { printJson } from "./queue_command.ts";
import { type Doubts, printDoubts, rowLines } from "./queue_rows.ts";
import type { Terminal } from "./terminal.ts";

export interface Change {
  /** Verb of the channel. */
  verb: "replay" | "purge";
  /** `replay`, `replayed`, for what is told. */
  words: { would: string; did: string };
  what: string;
  args: object;
  apply: boolean;
}

interface Told extends Doubts {
  applied: boolean;
  queues: Changed[];
}

/** Changes rows, or shows which would be. */
export async function change(
  { ask }: Asker,
  { verb, words, what, args, apply }: Change,
  json: boolean,
  terminal: Terminal,
) {
  const told = await ask<Told>(verb, { ...args, apply });
  printDoubts(told, terminal);
  if (json) {
    printJson(terminal, told);
    return 0;
  }
  for (const { queue, matched, changed, more, examples } of told.queues) {
    if (matched === 0 && told.queues.length > 1) continue;
    const left = matched - changed;
    const kept = apply && left > 0 ? `; ${left} were settled or taken meanwhile, or cannot go there` : "";
    const rest = more ? ", and there are more" : "";
    terminal.out(
      `${queue}: ${apply ? words.did : words.would} ${counted(apply ? changed : matched, what)}${rest}${kept}\n`,
    );
    if (!apply && examples.length > 0) terminal.out(rowLines(examples).replace(/^/gm, "  ").trimEnd().concat("\n"));
  }
  const matched = told.queues.reduce((sum, { matched }) => sum + matched, 0);
  if (matched === 0) terminal.err(`no ${what} matches\n`);
  else if (!apply) terminal.err("nothing was changed; --yes does it\n");
  return 0;
}
