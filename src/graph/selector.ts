import { type Kinds, kindsMeet } from "../packet/index.ts";
import type { DraftNode } from "./draft.ts";

/** Which nodes an interceptor stands at. What is left out holds for all. */
export interface Selector {
  /** Globs of ids. */
  readonly node?: readonly string[] | undefined;
  /** Names or addresses. */
  readonly plugin?: readonly string[] | undefined;
  /** Kinds of packets. */
  readonly kind?: readonly string[] | undefined;
}

/** A function that says whether a node is meant, whatever it sends. */
export function nodeSelector({ node, plugin }: Selector): (candidate: DraftNode) => boolean {
  const globs = node?.map((pattern) => new Bun.Glob(pattern));
  const plugins = plugin && new Set(plugin);
  return ({ id, plugin: address, definition }) =>
    (globs === undefined || globs.some((glob) => glob.match(id))) &&
    (plugins === undefined || plugins.has(address) || (definition !== undefined && plugins.has(definition.name)));
}

/** True when packets of a wanted kind may pass a port; one that says nothing of its kinds may pass any. */
export const passesKind = ({ kind }: Selector, kinds: Kinds | undefined): boolean =>
  kind === undefined || kinds === undefined || kindsMeet(kinds, kind);

/** As it stands in a message. */
export function selectorText({ node, plugin, kind }: Selector): string {
  const parts = Object.entries({ node, plugin, kind }).filter(([, list]) => list !== undefined);
  return parts.length === 0 ? "all" : parts.map(([name, list]) => `${name} ${list!.join(" or ")}`).join(", ");
}
