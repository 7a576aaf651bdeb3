import { parseArgs } from "node:util";
import { didYouMean } from "../../base/suggest.ts";
import type { Argument, Command, Flags } from "./command.ts";
import { UsageError } from "./usage.ts";

export interface Parsed {
  args: readonly string[];
  flags: Readonly<Record<string, unknown>>;
}

/** Reads what follows a command's name. Whatever the command does not know is a {@link UsageError}. */
export function parseCommandLine({ args = [], flags }: Command, argv: readonly string[]): Parsed {
  const { given, positionals } = tokens(flags, argv);
  const read = Object.entries(flags).map(([name, flag]) => {
    const values = given.get(name);
    return [name, values === undefined ? flag.absent : flag.read(`--${name}`, values)];
  });
  checkCount(args, positionals);
  return { args: positionals, flags: Object.fromEntries(read) };
}

function tokens(flags: Flags, argv: readonly string[]) {
  const options = Object.entries(flags).map(([name, { value }]) => [
    name,
    { type: value === undefined ? ("boolean" as const) : ("string" as const), multiple: true },
  ]);
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  // Not strict: its own errors neither suggest nor say what is allowed. Every token is checked below.
  const { tokens: found } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of found) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    given.set(token.name, [...(given.get(token.name) ?? []), givenValue(flags, token)]);
    const flag = flags[token.name]!;
    if (!flag.many && given.get(token.name)!.length > 1) throw new UsageError(`${token.rawName} is given twice`);
  }
  return { given, positionals };
}

interface OptionToken {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

function givenValue(flags: Flags, { name, rawName, value, inlineValue }: OptionToken): string {
  const flag = Object.hasOwn(flags, name) ? flags[name]! : undefined;
  if (flag === undefined) throw unknownFlag(rawName, flags);
  if (flag.value === undefined) {
    if (value === undefined) return "";
    throw new UsageError(`${rawName} takes no value: current value is "${value}"`);
  }
  if (value === undefined) throw new UsageError(`${rawName} needs a value`, `write ${rawName} ${flag.value}`);
  // `--set --json`: most likely the value was forgotten.
  if (!inlineValue && /^-./.test(value)) {
    throw new UsageError(`${rawName} needs a value, and ${value} looks like a flag`, `write ${rawName}=${value}`);
  }
  return value;
}

function unknownFlag(rawName: string, flags: Flags): UsageError {
  const known = [...Object.keys(flags), "help"].map((name) => `--${name}`);
  const near = didYouMean(rawName, known);
  return new UsageError(`unknown flag ${rawName}`, near === undefined ? undefined : `did you mean ${near}?`);
}

function checkCount(args: readonly Argument[], given: readonly string[]) {
  const missing = args.slice(given.length).find(({ optional }) => !optional);
  if (missing !== undefined) throw new UsageError(`${missing.name} is missing`, `${missing.name}: ${missing.doc}`);
  if (given.length <= args.length || args.at(-1)?.many) return;
  throw new UsageError(
    `unexpected argument "${given[args.length]}"`,
    args.length === 0 ? "it takes none" : `it takes ${args.map(({ name }) => name).join(" ")}`,
  );
}
