import { didYouMean } from "../base/suggest.ts";
import { type Command, commandHelp, type Entry, type Group, groupHelp, UsageError } from "./command/index.ts";
import { parseCommandLine } from "./command/parse.ts";
import { COMMANDS, SUMMARY } from "./commands.ts";
import { EXIT } from "./exit.ts";
import { modernArguments } from "./predecessor.ts";
import type { Terminal } from "./terminal.ts";

/** Carries out a command line (without the program's own name) and gives the exit code. */
export async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const words = helpWords(modernArguments(argv));
  const path = ["schnitzel"];
  try {
    return await step({ summary: SUMMARY, load: async () => ({ command: COMMANDS }) }, words, path, terminal);
  } catch (error) {
    if (!(error instanceof UsageError)) return failed(error, path.join(" "), terminal);
    const hint = error.hint === undefined ? "" : `  hint: ${error.hint}\n`;
    terminal.err(`${path.join(" ")}: ${error.message}\n${hint}${path.join(" ")} --help tells more.\n`);
    return EXIT.invalid;
  }
}

/** A fault of ours, or of the machine in a place where none was expected. */
function failed(error: unknown, path: string, terminal: Terminal): number {
  // A fault of the machine, such as a full disk, needs no stack to be understood.
  const ofMachine = (error as NodeJS.ErrnoException | undefined)?.syscall !== undefined;
  const text = error instanceof Error ? ((ofMachine ? undefined : error.stack) ?? error.message) : String(error);
  terminal.err(`${path} failed: ${text}\n`);
  return EXIT.failure;
}

const isHelp = (word: string) => word === "--help" || word === "-h";
const VERSION_WORDS = ["--version", "-V"];

/** `help validate` is `validate --help`; no words at all ask for help, too. */
function helpWords(words: readonly string[]): readonly string[] {
  const [first, ...rest] = words;
  if (first === undefined) return ["--help"];
  if (VERSION_WORDS.includes(first)) return ["version", ...rest];
  return first === "help" ? [...rest.filter((word) => !isHelp(word)), "--help"] : words;
}

/** Goes down from a group to one of its commands, or carries out the command. `path` grows on the way. */
async function step(entry: Entry, words: readonly string[], path: string[], terminal: Terminal): Promise<number> {
  const under = words[0] === undefined ? undefined : entry.commands?.[words[0]];
  if (under !== undefined) {
    path.push(words[0]!);
    return step(under, words.slice(1), path, terminal);
  }
  const { command } = await entry.load();
  if ("run" in command) return carryOut(entry, command, words, path.join(" "), terminal);
  const [name, ...rest] = words;
  const help = () => groupHelp(path.join(" "), entry.summary, command);
  if (name === undefined) {
    terminal.err(help());
    return EXIT.invalid;
  }
  if (isHelp(name)) {
    terminal.out(help());
    return EXIT.ok;
  }
  const [found, next] = find(command, name);
  path.push(found);
  return step(next, rest, path, terminal);
}

function find({ commands }: Group, name: string): [string, Entry] {
  const found = Object.entries(commands).find(([own, { alias }]) => own === name || alias === name);
  if (found !== undefined) return found;
  if (name.startsWith("-")) throw new UsageError(`unknown flag ${name}`, "flags stand behind the command");
  const near = didYouMean(name, namesOf(commands));
  throw new UsageError(`unknown command "${name}"`, near === undefined ? undefined : `did you mean ${near}?`);
}

const namesOf = (commands: Group["commands"]) =>
  Object.entries(commands).flatMap(([name, { alias }]) => (alias === undefined ? [name] : [name, alias]));

function carryOut(entry: Entry, command: Command, words: readonly string[], path: string, terminal: Terminal) {
  const end = words.indexOf("--");
  if (words.slice(0, end === -1 ? undefined : end).some(isHelp)) {
    terminal.out(commandHelp(path, entry, command));
    return EXIT.ok;
  }
  return command.run({ ...parseCommandLine(command, words), terminal });
}
