import { type Command, commandHelp, type Entry, type Group, groupHelp } from "../../src/cli/command/index.ts";
import { COMMANDS, SUMMARY } from "../../src/cli/commands.ts";

/** `docs/cli.md`: the help of every command. */
export async function cliPage(): Promise<string> {
  const intro =
    "Results go to stdout, everything else to stderr. `--json` makes results data. Unknown commands, flags and values end with exit code 2 and a suggestion. `schnitzel --graph FILE`, `--validate-only`, `--report-json` and `--max-events N` work as they did in the predecessor.";
  const commands = await sections("schnitzel", COMMANDS);
  return `${["# Command line", intro, fenced(groupHelp("schnitzel", SUMMARY, COMMANDS)), ...commands].join("\n\n")}\n`;
}

async function sections(path: string, group: Group): Promise<string[]> {
  const texts: string[] = [];
  for (const [name, entry] of Object.entries(group.commands)) texts.push(...(await section(`${path} ${name}`, entry)));
  return texts;
}

async function section(path: string, entry: Entry): Promise<string[]> {
  const { command } = await entry.load();
  const help = isCommand(command) ? commandHelp(path, entry, command) : groupHelp(path, entry.summary, command);
  const title = `## ${path}`;
  const under = isCommand(command) ? (entry.commands ?? {}) : command.commands;
  return [title, fenced(help), ...(await sections(path, { commands: under }))];
}

const isCommand = (command: Command | Group): command is Command => "run" in command;

const fenced = (text: string) => `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
