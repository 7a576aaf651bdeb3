import type { Terminal } from "../terminal.ts";
import type { Flag } from "./flag.ts";

export type Flags = Readonly<Record<string, Flag<unknown>>>;

export type FlagValues<Declared extends Flags> = {
  readonly [Name in keyof Declared]: Declared[Name] extends Flag<infer Value> ? Value : never;
};

export interface Argument {
  /** In capitals, as help shows it. */
  readonly name: string;
  readonly doc: string;
  readonly optional?: boolean;
  /** Takes all that follow; only the last argument can. */
  readonly many?: boolean;
}

export interface CommandSpec<Declared extends Flags> {
  /** What the command does beyond its line in the table of commands. Plain text. */
  readonly doc?: string;
  readonly args?: readonly Argument[];
  readonly flags: Declared;
  /** A command line, and what it is good for. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Exit codes it can end with, beside 0 and 2 (usage). */
  readonly exits?: Readonly<Record<number, string>>;
  /** Gets what was typed, checked, and gives the exit code. */
  run(given: { args: readonly string[]; flags: FlagValues<Declared>; terminal: Terminal }): number | Promise<number>;
}

/** A command with its types erased. */
export type Command = CommandSpec<Flags>;

/** A command made of commands: `schnitzel plugin lock`. */
export interface Group {
  readonly doc?: string;
  readonly commands: Readonly<Record<string, Entry>>;
}

/** A line in a table of commands. The module is loaded only when it is needed. */
export interface Entry {
  readonly summary: string;
  readonly alias?: string;
  /** Commands under a command that does something of its own: `schnitzel doctor camera`. */
  readonly commands?: Readonly<Record<string, Entry>>;
  load(): Promise<{ readonly command: Command | Group }>;
}

/** Declares a command. Any file in `src/cli/` is an example. */
export function defineCommand<const Declared extends Flags>(spec: CommandSpec<Declared>): Command {
  return spec as unknown as Command;
}
