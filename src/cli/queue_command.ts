import { answerOf, ControlError } from "../control/index.ts";
import { StoreError } from "../store/index.ts";
import { type FlagValues, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { type Asker, withAsker } from "./queue_asker.ts";
import { findTarget, type QueueTarget, TARGET_FLAGS } from "./queue_target.ts";
import type { Terminal } from "./terminal.ts";

export const LOOK_FLAGS = { ...TARGET_FLAGS, json: flag.toggle("Print the result as JSON.") };

export const CHANGE_FLAGS = {
  ...LOOK_FLAGS,
  yes: flag.toggle("Do it. Without this nothing is changed, and it is shown what would be."),
  "dry-run": flag.toggle("Change nothing, also when --yes is given."),
};

/** What every command on queues can end with. */
export const QUEUE_EXITS = {
  [EXIT.failure]: "The running process broke off, or the disk failed.",
  [EXIT.invalid]: "There is no such queue, row or node, or usage.",
  [EXIT.precondition]: "The file is damaged, of another program, or cannot be opened.",
  [EXIT.owned]: "Another process has the file and does not answer; the message names it.",
};

/** Finds what was named, and asks whoever has it. A refusal is printed and becomes an exit code. With `lose` see {@link withAsker}. */
export async function onQueues(
  {
    args: [graph, queue],
    flags,
    terminal,
  }: { args: readonly string[]; flags: FlagValues<typeof TARGET_FLAGS>; terminal: Terminal },
  use: (asker: Asker, target: QueueTarget, queue: string | undefined) => Promise<number>,
  lose = false,
): Promise<number> {
  const target = await findTarget(graph!, flags, terminal);
  tellMissing(target, terminal);
  try {
    return await withAsker(target, queue, terminal, (asker) => use(asker, target, queue), lose);
  } catch (error) {
    const code = refused(error, terminal);
    if (error instanceof ControlError && error.code === "QUEUE_UNKNOWN") tellUnmade(target, terminal);
    return code;
  }
}

/** Damaged files that were left out, with the way out; the exit code that goes with them. */
export function tellLost({ lost }: Asker, { err }: Terminal): number {
  for (const { name, file, reason } of lost) {
    err(`QUEUE_DAMAGED: ${name} is left out, its file ${file} cannot be read: ${reason}\n`);
    err(`  hint: schnitzel queue repair ${file} saves what can be read\n`);
  }
  return lost.length === 0 ? EXIT.ok : EXIT.precondition;
}

/** Only a run makes queues: it knows their limits, and where the disk is checked. */
function tellUnmade({ unmade = [], name }: QueueTarget, { err }: Terminal) {
  for (const queue of unmade) {
    err(`${queue.name} is not there yet, as ${name} has not run with it: its first run makes ${queue.file}\n`);
  }
}

/** What is not looked at is named, or its rows would seem to be gone. */
export function tellMissing({ missing, name }: QueueTarget, { err }: Terminal) {
  for (const queue of missing) {
    err(`${queue.name} is left out: its file ${queue.file}, which the last run of ${name} had, is not there\n`);
  }
}

export function refused(error: unknown, terminal: Terminal): number {
  if (!(error instanceof ControlError || error instanceof StoreError)) throw error;
  const { code, message } = answerOf(error);
  terminal.err(`${message.startsWith(code) ? message : `${code}: ${message}`}\n`);
  return EXIT_OF[code] ?? EXIT.failure;
}

const EXIT_OF: Readonly<Record<string, number>> = {
  QUEUE_UNKNOWN: EXIT.invalid,
  QUEUE_NODE_GONE: EXIT.invalid,
  CONTROL_REQUEST: EXIT.invalid,
  QUEUE_BUSY: EXIT.owned,
  QUEUE_DAMAGED: EXIT.precondition,
  QUEUE_FOREIGN: EXIT.precondition,
  QUEUE_NEWER: EXIT.precondition,
  QUEUE_UNOPENABLE: EXIT.precondition,
  QUEUE_NETWORK_DISK: EXIT.precondition,
  QUEUE_SHARED: EXIT.precondition,
};

/** Whether what changes something is to be done. */
export const applies = (flags: { yes: boolean; "dry-run": boolean }) => flags.yes && !flags["dry-run"];

export const printJson = (terminal: Terminal, value: object) =>
  terminal.out(`${JSON.stringify({ schema_version: 1, ...value }, null, 2)}\n`);
