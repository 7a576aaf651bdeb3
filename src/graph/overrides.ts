import { didYouMean } from "../base/suggest.ts";
import type { Findings } from "./findings.ts";
import { readValue } from "./read_value.ts";
import { HIDDEN, SECRET_NAME } from "./redact.ts";
import { SourceText } from "./source_text.ts";
import { cutPath } from "./template.ts";
import { childOf, entryOf, type MapTree, type Spot, type Tree } from "./tree.ts";

/** File name in the places of values that came from the command line; the line says which `--set`. */
export const SET_FILE = "--set";

/** Top-level keys that a `--set` may add; everything else must be there already. */
const ADDABLE = new Set(["name", "vars", "http", "delivery", "event_time", "checkpoint"]);

/**
 * Puts `path=value` into the document, as if it stood there: `vars.video=a.mp4`, `nodes.cam.config.fps=5`
 * (`cam` is a node's id), `nodes[0].config.zones=[…]`. Values are read as YAML scalars, lists or maps.
 * Returns the text that places in `--set` refer to, as it may be shown, and the values that must not be.
 */
export function applyOverrides(root: Tree, set: readonly string[], findings: Findings) {
  // A line break inside an argument would shift the lines of the next ones.
  const lines = set.map((argument) => argument.replace(/[\r\n]/g, " "));
  const source = new SourceText(SET_FILE, lines.join("\n"));
  const secrets: string[] = [];
  let start = 0;
  for (const line of lines) {
    const secret = applyOne(root, source, start, line, findings);
    if (secret) secrets.push(secret);
    start += line.length + 1;
  }
  return { text: lines.map(shown).join("\n"), secrets };
}

function shown(argument: string): string {
  const [, path] = /^([^=]*)=/.exec(argument) ?? [];
  const last = path === undefined ? "" : String(cutPath(path.trim())?.at(-1));
  return SECRET_NAME.test(last) ? `${path}=${HIDDEN}` : argument;
}

/** Returns the value when its path says that it is a secret. */
function applyOne(
  root: Tree,
  source: SourceText,
  start: number,
  argument: string,
  findings: Findings,
): string | undefined {
  const equals = argument.indexOf("=");
  const path = equals === -1 ? undefined : cutPath(argument.slice(0, equals).trim());
  const spot = { source, start, end: start + (equals === -1 ? argument.length : equals) };
  const refuse = (code: "SET_SYNTAX" | "SET_UNKNOWN_PATH", message: string, hint: string) =>
    findings.add({ code, severity: "error", message, place: source.place(spot.start, spot.end), hint });
  if (!path) {
    refuse(
      "SET_SYNTAX",
      `Cannot apply --set "${argument}" as it is not path=value`,
      "for example --set vars.video=a.mp4",
    );
    return undefined;
  }
  const value = readValue(source, start + equals + 1, start + argument.length, findings);
  if (!value) return undefined;
  const secret = SECRET_NAME.test(String(path.at(-1)));
  const fault = put(root, path, spot, secret && value.type === "scalar" ? { ...value, secret } : value);
  if (fault) refuse("SET_UNKNOWN_PATH", `Cannot apply --set as ${fault.message}`, fault.hint);
  return secret ? argument.slice(equals + 1) : undefined;
}

type PutFault = { message: string; hint: string };

function put(root: Tree, path: readonly (string | number)[], key: Spot, value: Tree): PutFault | undefined {
  let tree: Tree = root;
  for (const [depth, step] of path.slice(0, -1).entries()) {
    const next = child(tree, step, path.slice(0, depth));
    const made = next ?? addMap(tree, step, path.slice(0, depth), key);
    if (!made) return unknown(tree, step);
    tree = made;
  }
  const last = path.at(-1)!;
  const parents = path.slice(0, -1);
  if (tree.type === "list") return putItem(tree, last, parents, value);
  if (tree.type !== "map" || !(tree.entries.has(String(last)) || mayAdd(last, parents))) return unknown(tree, last);
  tree.entries.set(String(last), { key, value });
  return undefined;
}

function putItem(list: Tree & { type: "list" }, step: string | number, parents: readonly unknown[], value: Tree) {
  const target = child(list, step, parents);
  const index = target ? list.items.indexOf(target) : -1;
  if (index === -1) return unknown(list, step);
  list.items[index] = value;
  return undefined;
}

/** Lists whose items have names, and are changed key by key. */
const NAMED = new Set<unknown>(["nodes", "ingress", "egress"]);

/** Like `childOf`; below `nodes` a word is a node's id, below `ingress` and `egress` an interceptor's name. */
function child(tree: Tree, step: string | number, parents: readonly unknown[]): Tree | undefined {
  if (tree.type === "list" && typeof step === "string" && parents.length === 1 && NAMED.has(parents[0])) {
    return tree.items.find((item) => nameOf(item, parents[0]) === step);
  }
  return tree.type === "list" && typeof step === "string" ? undefined : childOf(tree, step);
}

function nameOf(item: Tree, list: unknown): string | undefined {
  const id = list === "nodes" ? (entryOf(item, "id") ?? entryOf(item, "node_id")) : entryOf(item, "name");
  return id?.value.type === "scalar" ? id.value.text.trim() : undefined;
}

/** Inside a node or an interceptor every key may be added (the schema checks it next), and a few at the top. */
function mayAdd(step: string | number, parents: readonly unknown[]): boolean {
  if (typeof step !== "string" || step === "__proto__" || step === "<<") return false;
  if (parents.length === 0) return ADDABLE.has(step);
  return (
    parents[0] === "http" ||
    parents[0] === "event_time" ||
    parents[0] === "checkpoint" ||
    (NAMED.has(parents[0]) && parents.length >= 2)
  );
}

function addMap(tree: Tree, step: string | number, parents: readonly unknown[], key: Spot): MapTree | undefined {
  if (tree.type !== "map" || !mayAdd(step, parents)) return undefined;
  const map: MapTree = { type: "map", ...key, entries: new Map() };
  tree.entries.set(String(step), { key, value: map });
  return map;
}

function unknown(tree: Tree, step: string | number): PutFault {
  const known =
    tree.type === "map"
      ? [...tree.entries.keys()]
      : tree.type === "list"
        ? tree.items.flatMap((item) => nameOf(item, "nodes") ?? nameOf(item, "interceptors") ?? [])
        : [];
  const near = didYouMean(String(step), known);
  const shown = known.slice(0, 10).join(", ");
  const hint = near
    ? `did you mean "${near}"?`
    : known.length > 0
      ? `known here: ${shown}`
      : "the value there holds nothing";
  return { message: `the graph has nothing at "${step}"`, hint };
}
