import { UsageError } from "./usage.ts";

/** One option of a command, such as `--json` or `--set PATH=VALUE`. */
export interface Flag<Value> {
  /** One sentence for help. */
  readonly doc: string;
  /** How help calls the value; a switch has none. */
  readonly value: string | undefined;
  /** May be given more than once. */
  readonly many: boolean;
  /** The value when the flag is left out. */
  readonly absent: Value;
  /** Reads the values given: one, or for `many` all of them. `name` is for the error: `--limit`. */
  read(name: string, given: readonly string[]): Value;
}

const single = <Value, Absent>(
  value: string | undefined,
  doc: string,
  absent: Absent,
  read: (name: string, given: string) => Value,
): Flag<Value | Absent> => ({ doc, value, many: false, absent, read: (name, given) => read(name, given[0]!) });

/** `--name`, without a value. */
export const toggle = (doc: string): Flag<boolean> => single(undefined, doc, false as boolean, () => true);

export const text = (value: string, doc: string): Flag<string | undefined> =>
  single(value, doc, undefined, (name, given) => {
    if (given !== "") return given;
    throw new UsageError(`${name} must not be empty`, `write ${name} ${value}`);
  });

/** May be given more than once; empty when left out. */
export const texts = (value: string, doc: string): Flag<readonly string[]> => ({
  doc,
  value,
  many: true,
  absent: [],
  read: (_, given) => given,
});

export const choice = <const Name extends string>(names: readonly Name[], doc: string): Flag<Name | undefined> =>
  single(names.join("|"), doc, undefined, (name, given) => {
    const chosen = names.find((candidate) => candidate === given);
    if (chosen !== undefined) return chosen;
    throw new UsageError(`${name} must be one of ${names.join(", ")}: current value is "${given}"`);
  });

/** A whole number of at least `min`. */
export const integer = (value: string, doc: string, min = 0): Flag<number | undefined> =>
  single(value, doc, undefined, (name, given) => {
    const number = Number(given);
    if (/^[+-]?\d+$/.test(given) && Number.isSafeInteger(number) && number >= min) return number;
    throw new UsageError(`${name} must be a whole number of at least ${min}: current value is "${given}"`);
  });

/** A number of at least 0, with or without a fraction. */
export const amount = (value: string, doc: string): Flag<number | undefined> =>
  single(value, doc, undefined, (name, given) => {
    if (/^(\d+\.?\d*|\.\d+)$/.test(given) && Number.isFinite(Number(given))) return Number(given);
    throw new UsageError(`${name} must be a number of at least 0, such as 2.5: current value is "${given}"`);
  });
