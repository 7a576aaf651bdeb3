import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { childOf, type MapTree, type Path, readPlain, type ScalarTree, spotAt, type Tree } from "../graph/raw.ts";
import type { ConfigSchema, Resolution } from "../node/index.ts";
import { WholeFloat } from "../packet/index.ts";
import type { MigrateContext } from "./context.ts";

type Found = Extract<Resolution, { found: true }>;
type Config = Record<string, unknown>;

/** A node's config in the old file: as written, and with its variables filled in. */
interface OldConfig {
  raw: MapTree;
  resolved: MapTree;
  base: Path;
}

/**
 * The config of our node. A variable stays one where our node reads it as the old one did; elsewhere the value it has
 * now is written, and that is said.
 */
export function newConfig({ raw, resolved, base }: OldConfig, found: Found, context: MigrateContext): Config {
  const values = new Map<string, unknown>();
  const [written, filled] = [asWritten(raw, resolved, values), without(withValues(resolved) as Config)];
  const adapt = found.legacy?.adapt ?? ((config: Config) => config);
  const [open, closed] = [adapt(without(written as Config)), adapt(filled)];
  const config: Config = {};
  for (const [key, value] of Object.entries(closed)) {
    const kept = open[key];
    const same = holdsVariable(kept) && isDeepStrictEqual(asText(substituted(kept, values)), asText(value));
    config[key] = same ? kept : plainNumbers(value, key, { raw, base }, context);
  }
  keepProbed(config, closed, filled, values, { raw, adapt, base }, context);
  const known = knownOnly(config, found, { raw, base }, context);
  tellFilled(known, { raw, resolved, base }, context);
  return known;
}

const without = ({ __runtime__: _, ...config }: Config): Config => config;

interface Probed extends Pick<OldConfig, "raw" | "base"> {
  adapt(config: Config): Config;
}

/**
 * Variables that a reading of numbers lost: another value is put in their place, to see where it comes out. Where it
 * comes out as it is, the variable can stand there.
 */
function keepProbed(
  config: Config,
  closed: Config,
  filled: Config,
  values: ReadonlyMap<string, unknown>,
  { raw, adapt, base }: Probed,
  { leftOuts }: MigrateContext,
) {
  for (const [key, { value: tree }] of raw.entries) {
    if (tree.type !== "scalar" || !values.has(tree.text) || JSON.stringify(config).includes(inJson(tree.text)))
      continue;
    const probe = other(values.get(tree.text));
    const adapted = adapt({ ...filled, [key]: String(probe) });
    const changed = Object.keys(adapted).find((name) => !isDeepStrictEqual(adapted[name], closed[name]));
    if (changed === undefined) leftOuts.add(tree, [...base, key], "nothing here reads it");
    else if (adapted[changed] === probe && changed in config) config[changed] = tree.text;
  }
}

/** Another value of the same sort, between 0 and 1 when this one is. */
function other(value: unknown): unknown {
  if (typeof value !== "number") return `${value}x`;
  return Number.isInteger(value) ? value + 1 : value / 2;
}

const inJson = (text: string) => JSON.stringify(text).slice(1, -1);

/** References that mean the same in our graphs; others lead to places of the old document. */
const KEPT = /^\$\{(oc\.env:|file:|[A-Za-z_]\w*(:-.*)?\}$)/s;
const keeps = (text: string) =>
  text.split(/(?=\$\{)/).every((part) => !part.startsWith("${") || KEPT.test(part.slice(0, part.lastIndexOf("}") + 1)));

function asWritten(raw: Tree, resolved: Tree, values: Map<string, unknown>): unknown {
  if (raw.type === "scalar") {
    const { value } = resolved as ScalarTree;
    if (!raw.text.includes("${") || !keeps(raw.text) || typeof value !== "string") return value ?? null;
    const alone = /^\$\{[^}]*\}$/.test(raw.text);
    values.set(raw.text, alone ? readPlain(value, "yaml12") : value);
    return raw.text;
  }
  if (resolved.type !== raw.type) return withValues(resolved);
  if (raw.type === "list") return raw.items.map((item, at) => asWritten(item, childOf(resolved, at)!, values));
  const entries = [...raw.entries].map(([key, { value }]) => [key, asWritten(value, childOf(resolved, key)!, values)]);
  return Object.fromEntries(entries);
}

function withValues(tree: Tree): unknown {
  if (tree.type === "scalar") return tree.value ?? null;
  if (tree.type === "list") return tree.items.map(withValues);
  return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, withValues(value)]));
}

const holdsVariable = (value: unknown): boolean => JSON.stringify(value ?? null).includes("${");

function substituted(value: unknown, values: ReadonlyMap<string, unknown>): unknown {
  if (typeof value === "string") return values.has(value) ? values.get(value) : value;
  return mapped(value, (item) => substituted(item, values));
}

/** A text that a schema reads as the number it looks like counts as that number. */
const asText = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !(value instanceof WholeFloat)
    ? mapped(value, asText)
    : String(value).toLowerCase();

function mapped(value: unknown, change: (item: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]));
}

type At = Pick<OldConfig, "raw" | "base">;

function plainNumbers(value: unknown, key: string, { raw, base }: At, context: MigrateContext): unknown {
  if (!(value instanceof WholeFloat)) return mapped(value, (item) => plainNumbers(item, key, { raw, base }, context));
  const reason = `${value.valueOf()}.0 is read as ${value.valueOf()}: event ids that it goes into are others than before`;
  context.leftOuts.add(spotAt(raw, [key]), [...base, key], reason);
  return value.valueOf();
}

/** Variables of the old config that the new one does not have. */
function tellFilled(config: Config, { raw, resolved, base }: OldConfig, { leftOuts }: MigrateContext) {
  const now = JSON.stringify(config);
  const visit = (tree: Tree, path: Path) => {
    if (tree.type === "list") for (const [at, item] of tree.items.entries()) visit(item, [...path, at]);
    if (tree.type === "map") for (const [key, { value }] of tree.entries) visit(value, [...path, key]);
    if (tree.type !== "scalar" || !tree.text.includes("${")) return;
    if (leftOuts.has(tree) || (path[0] !== "__runtime__" && now.includes(inJson(tree.text)))) return;
    const filled = path.reduce<Tree | undefined>((at, key) => at && childOf(at, key), resolved) as ScalarTree;
    const value = filled.secret ? "a secret: take care of the file" : JSON.stringify(filled.value);
    leftOuts.add(tree, [...base, ...path], `${tree.text} is filled in with what it is now, ${value}`);
  };
  visit(raw, []);
}

/** Keys that nothing read are left out, as ours would refuse them. */
function knownOnly(
  config: Config,
  { definition }: Found,
  { raw, base }: Pick<OldConfig, "raw" | "base">,
  { leftOuts }: MigrateContext,
): Config {
  const kept = { ...config };
  // The schema names one unknown key at a time.
  for (let junk = unknownKey(definition.config, kept); junk !== undefined; junk = unknownKey(definition.config, kept)) {
    delete kept[junk];
    leftOuts.add(
      spotAt(raw, [junk]),
      [...base, junk],
      `${definition.name} has no such setting, and neither had the old node`,
    );
  }
  return kept;
}

function unknownKey(schema: ConfigSchema, config: Config): string | undefined {
  const { issues = [] } = v.safeParse(schema, config);
  const unknown = issues.find(({ type, expected, path }) => {
    return type === "strict_object" && expected === "never" && path?.length === 1;
  });
  const key = unknown && String(unknown.path![0]!.key);
  return key !== undefined && Object.hasOwn(config, key) ? key : undefined;
}
