/** What an input takes or an output makes: any kind, or these. */
export type Kinds = "*" | readonly string[];

/** A port that takes or makes every kind. */
export const ANY = "*" as const;

/** True when a packet that leaves with one of `made` can be one that `taken` accepts. */
export function kindsMeet(made: Kinds, taken: Kinds): boolean {
  return made === ANY || taken === ANY || made.some((kind) => taken.includes(kind));
}

export function kindsText(kinds: Kinds): string {
  return kinds === ANY ? "any kind" : kinds.join(" | ");
}
