import type { Argument, Command, Entry, Group } from "./command.ts";

/** Lines wrap at this column, so help fits an 80-column terminal. */
const WIDTH = 80;
const GAP = 2;

/** `schnitzel --help`, or the help of a group such as `schnitzel plugin`. */
export function groupHelp(path: string, summary: string, group: Group): string {
  return sections([
    summary,
    `Usage: ${path} COMMAND [ARGUMENTS]`,
    section("Commands", table(entryRows(group.commands))),
    ...(group.doc === undefined ? [] : [group.doc]),
    `${path} COMMAND --help tells more about one.`,
  ]);
}

const entryRows = (commands: Group["commands"]) =>
  Object.entries(commands).map(([name, entry]) => [nameAndAlias(name, entry), entry.summary] as const);

const nameAndAlias = (name: string, { alias }: Entry) => (alias === undefined ? name : `${name}, ${alias}`);

/** `schnitzel validate --help`. */
export function commandHelp(path: string, { summary, alias, commands = {} }: Entry, command: Command): string {
  const { args = [], doc, examples } = command;
  const also = alias === undefined ? [] : [`Also called: ${alias}`];
  return sections([
    [summary, ...(doc === undefined ? [] : ["", wrapped(doc, 0)])].join("\n"),
    [usage(path, command), ...also].join("\n"),
    ...(args.length === 0 ? [] : [section("Arguments", table(args.map((arg) => [arg.name, arg.doc])))]),
    section("Flags", table(flagRows(command))),
    ...(Object.keys(commands).length === 0 ? [] : [section("Commands", table(entryRows(commands)))]),
    section("Examples", examples.map(([line, what]) => `  ${line}\n      ${what}`).join("\n")),
    section("Exit codes", table(exitRows(command))),
  ]);
}

function usage(path: string, { args = [], flags }: Command): string {
  const names = args.map((arg) => ` ${argumentText(arg)}`).join("");
  return `Usage: ${path}${names}${Object.keys(flags).length === 0 ? "" : " [FLAGS]"}`;
}

function argumentText({ name, optional, many }: Argument): string {
  const text = many ? `${name} ...` : name;
  return optional ? `[${text}]` : text;
}

function flagRows({ flags }: Command): (readonly [string, string])[] {
  const own = Object.entries(flags).map(([name, { value, doc, many }]) => {
    const repeat = many ? " May be given more than once." : "";
    return [value === undefined ? `--${name}` : `--${name} ${value}`, doc + repeat] as const;
  });
  return [...own, ["--help", "Show this help."]];
}

function exitRows({ exits = {} }: Command): (readonly [string, string])[] {
  const all = { 0: "Done.", 2: "Usage.", ...exits };
  return Object.entries(all).map(([code, meaning]) => [code, meaning]);
}

const section = (title: string, body: string) => `${title}:\n${body}`;
const sections = (parts: readonly string[]) => `${parts.join("\n\n")}\n`;

/** Two columns; what is too long for the first stands on a line of its own. */
function table(rows: readonly (readonly [string, string])[]): string {
  const names = rows.map(([name]) => name.length).filter((length) => length <= 26);
  const left = Math.max(0, ...names) + 2 * GAP;
  return rows
    .map(([name, doc]) => {
      const indent = `${" ".repeat(GAP)}${name}`;
      const body = wrapped(doc, left);
      return indent.length + GAP <= left ? indent.padEnd(left) + body : `${indent}\n${" ".repeat(left)}${body}`;
    })
    .join("\n");
}

/** Wraps every paragraph; all lines but the first are indented. */
function wrapped(text: string, indent: number): string {
  return text
    .split("\n")
    .map((paragraph) => wrapLine(paragraph, indent))
    .join(`\n${" ".repeat(indent)}`);
}

function wrapLine(text: string, indent: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (indent + line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}
