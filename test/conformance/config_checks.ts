import * as v from "valibot";
import { type AnySchema, type Check, configKeys, issuePaths, rightConfig } from "./check.ts";

/** One value of each type a YAML file can write, and a map no node knows. */
const PROBES: readonly unknown[] = ["text", -1.5, true, null, [], ["x"], [{}], { no_such_key: 1 }];

/** Where a misspelled or wrong key is expected to be reported: the path starts with it. */
const pointsAt = (paths: readonly (readonly unknown[])[], key: string) => paths.some(([first]) => first === key);

export const CONFIG_CHECKS: readonly Check[] = [
  {
    title: "accepts the configs of its examples",
    faults: (definition) =>
      definition.examples.flatMap(({ title, config }) =>
        issuePaths(definition, config).map((path) => `example "${title}": config.${path.join(".")} is refused`),
      ),
  },
  {
    title: "rejects an unknown config key",
    faults: (definition) =>
      pointsAt(issuePaths(definition, { ...rightConfig(definition), no_such_key: 1 }), "no_such_key")
        ? []
        : ["no_such_key is let through"],
  },
  {
    title: "rejects a misspelled config key",
    faults: (definition) =>
      configKeys(definition).flatMap(([key]) => {
        const { [key]: value = 1, ...rest } = rightConfig(definition);
        const typo = `${key}x`;
        return pointsAt(issuePaths(definition, { ...rest, [typo]: value }), typo) ? [] : [`${typo} is let through`];
      }),
  },
  {
    title: "rejects a wrong type at every config key and points at it",
    faults: (definition) =>
      configKeys(definition).flatMap(([key]) => {
        const refused = PROBES.filter((value) =>
          pointsAt(issuePaths(definition, { ...rightConfig(definition), [key]: value }), key),
        );
        return refused.length > 0 ? [] : [`${key} takes a value of any type`];
      }),
  },
  {
    title: "names its config keys in snake_case",
    faults: (definition) => configKeys(definition).flatMap(([key]) => (SNAKE.test(key) ? [] : [key])),
  },
  {
    title: "documents every config key",
    faults: (definition) => configKeys(definition).flatMap(([key, schema]) => undocumented(key, schema)),
  },
];

export const SNAKE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

function undocumented(path: string, schema: AnySchema): string[] {
  const missing = described(schema) ? [] : [`config.${path} has no description`];
  return [...missing, ...entriesWithin(schema).flatMap(([key, inner]) => undocumented(`${path}.${key}`, inner))];
}

/** Looks through `optional`, whose description may stand on what it wraps. */
const described = (schema: AnySchema): boolean =>
  (v.getDescription(schema as never) ?? "").length > 0 || (schema.wrapped !== undefined && described(schema.wrapped));

/** Keys of the maps inside a schema: in lists, alternatives and optional values. */
function entriesWithin({ entries, wrapped, item, options = [] }: AnySchema): [string, AnySchema][] {
  const inner = [wrapped, item, ...options].filter(
    (part): part is AnySchema => typeof part === "object" && part !== null,
  );
  return [...Object.entries(entries ?? {}), ...inner.flatMap(entriesWithin)];
}
