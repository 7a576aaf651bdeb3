import type { Kinds, Profile } from "../packet/index.ts";

/** A named, typed end of a node. The name is the key it stands under. */
export interface Port {
  readonly kinds: Kinds;
  readonly doc: string;
  /** How far the payload can travel; left out means undeclared, which fits everything. */
  readonly profile?: Profile;
}

export type Ports = Readonly<Record<string, Port>>;

/** Declares a port: `port(ANY, "Packets to limit.")`, `port("frame", "…")`, `port(["event"], "…", "json_portable")`. */
export function port(kinds: Kinds | string, doc: string, profile?: Profile): Port {
  const list = kinds === "*" || Array.isArray(kinds) ? (kinds as Kinds) : [kinds as string];
  return profile === undefined ? { kinds: list, doc } : { kinds: list, doc, profile };
}
