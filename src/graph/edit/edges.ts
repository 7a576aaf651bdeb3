import { didYouMean } from "../../base/suggest.ts";
import { splitPort } from "../draft.ts";
import { type Document, isMap, type YAMLMap, type YAMLSeq } from "../load.ts";
import { EDGE_ALIASES } from "../schema.ts";
import { EditRefused } from "./edit_refused.ts";

const [FROM, TO, FROM_PORT, TO_PORT] = EDGE_ALIASES;

interface End {
  readonly id: string;
  readonly port: string | undefined;
}

/** An edge as it is written. */
export interface WrittenEdge {
  readonly map: YAMLMap;
  readonly from: End;
  readonly to: End;
}

/** Edges of a document; one that is an alias of another is none that could be changed by itself. */
export function edgesIn({ items }: YAMLSeq): WrittenEdge[] {
  return items.filter(isMap).map((map) => ({ map, from: endOf(map, FROM, FROM_PORT), to: endOf(map, TO, TO_PORT) }));
}

const textAt = (map: YAMLMap, keys: readonly string[]) =>
  keys.map((key) => map.get(key)).find((value) => value !== undefined) as string | undefined;

function endOf(map: YAMLMap, keys: readonly string[], portKeys: readonly string[]): End {
  const [id, dotted] = splitPort(String(textAt(map, keys)));
  return { id, port: textAt(map, portKeys) ?? dotted };
}

const endText = ({ id, port }: End) => (port === undefined ? id : `${id}.${port}`);
export const edgeText = ({ from, to }: WrittenEdge) => `${endText(from)}->${endText(to)}`;

/** The one edge that is meant by `a->b`, with ports where they are written and more than one would fit. */
export function edgeNamed(edges: readonly WrittenEdge[], name: string): WrittenEdge {
  const [from, to, ...more] = name.split("->").map((text) => splitPort(text.trim()));
  if (from === undefined || to === undefined || more.length > 0) {
    throw new EditRefused(`an edge is written FROM->TO: current value is "${name}"`, listOf(edges));
  }
  const fits = (end: End, [id, port]: readonly [string, string?]) =>
    end.id === id && (port === undefined || port === end.port || end.port === undefined);
  const found = edges.filter((edge) => fits(edge.from, from) && fits(edge.to, to));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw new EditRefused(`${name} is ${found.length} edges`, `name the ports: ${listOf(found)}`);
  const near = didYouMean(name, edges.map(edgeText));
  throw new EditRefused(
    `the graph has no edge ${name}`,
    near === undefined ? listOf(edges) : `did you mean ${near}? ${listOf(edges)}`,
  );
}

/** Why 20: more is no help, and fits no terminal. */
const MAX_LISTED = 20;

export function listOf(edges: readonly WrittenEdge[]): string {
  const names = edges.slice(0, MAX_LISTED).map(edgeText);
  return `edges are ${names.join(", ")}${edges.length > MAX_LISTED ? ", …" : ""}`;
}

/** The edge with other ends; what else is written on it goes along. */
export function edgeBetween(document: Document, { map }: WrittenEdge, from: string, to: string): YAMLMap {
  const ends = EDGE_ALIASES.flat() as readonly string[];
  const options = map.items.filter(({ key }) => !ends.includes(String(key)));
  const edge = newEdge(document, from, to);
  for (const pair of options) edge.items.push(pair.clone());
  return edge;
}

export function newEdge(document: Document, from: string, to: string): YAMLMap {
  return document.createNode({ from, to }, { flow: true }) as unknown as YAMLMap;
}

export const fromText = ({ from }: WrittenEdge) => endText(from);
export const toText = ({ to }: WrittenEdge) => endText(to);
