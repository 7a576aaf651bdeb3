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

/** By hand, as loading `parseArgs` takes a fifth of `schnitzel version`, and there are no short flags to group. */
function tokens(flags: Flags, argv: readonly string[]) {
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === "--") return { given, positionals: [...positionals, ...argv.slice(at + 1)] };
    if (word === "-" || !word.startsWith("-")) {
      positionals.push(word);
      continue;
    }
    const [rawName, inlineValue] = cut(word);
    const name = rawName.slice(2);
    const flag = Object.hasOwn(flags, name) ? flags[name]! : undefined;
    if (flag === undefined || !rawName.startsWith("--")) throw unknownFlag(rawName, flags);
    const separate = inlineValue === undefined && flag.value !== undefined ? argv[++at] : undefined;
    const values = [...(given.get(name) ?? []), givenValue(rawName, flag, inlineValue, separate)];
    if (!flag.many && values.length > 1) throw new UsageError(`${rawName} is given twice`);
    given.set(name, values);
  }
  return { given, positionals };
}

/** `--name=value` in two. */
function cut(word: string): [rawName: string, inlineValue: string | undefined] {
  const at = word.indexOf("=");
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function givenValue(rawName: string, flag: Flags[string], inlineValue?: string, separate?: string): string {
  if (flag.value === undefined) {
    if (inlineValue === undefined) return "";
    throw new UsageError(`${rawName} takes no value: current value is "${inlineValue}"`);
  }
  const value = inlineValue ?? separate;
  if (value === undefined) throw new UsageError(`${rawName} needs a value`, `write ${rawName} ${flag.value}`);
  // `--set --json`: most likely the value was forgotten.
  if (inlineValue === undefined && /^-./.test(value)) {
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
