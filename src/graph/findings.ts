import type { Diagnostic, Place, UseSite } from "./diagnostic.ts";

/** Why 1,000: more than anyone reads at once, and at about 1 kB each it stays in the megabytes. */
export const MAX_FINDINGS = 1_000;

/** Collects diagnostics. Errors and warnings have a bound each, so warnings never push an error out. */
export class Findings {
  readonly #kept: Record<Diagnostic["severity"], Diagnostic[]> = { error: [], warning: [] };
  readonly #total = { error: 0, warning: 0 };
  readonly #limit: number;
  /** Kept findings in files that are used, by what a person reads; each with the uses that gave it again. */
  readonly #inUses = new Map<string, { kept: Diagnostic; again: number }>();

  constructor(limit = MAX_FINDINGS) {
    this.#limit = limit;
  }

  add(found: Diagnostic): void {
    const { usedBy } = found.place;
    const key = usedBy && keyOf(found, usedBy);
    const known = key === undefined ? undefined : this.#inUses.get(key);
    if (known !== undefined) {
      known.again += 1;
      return;
    }
    const { severity } = found;
    this.#total[severity] += 1;
    if (this.#kept[severity].length >= this.#limit) return;
    const kept = withUses(found);
    this.#kept[severity].push(kept);
    if (key !== undefined) this.#inUses.set(key, { kept, again: 0 });
  }

  get errors(): number {
    return this.#total.error;
  }

  /** Everything found, by place: file, line, column, then errors before warnings. */
  list(): Diagnostic[] {
    const again = new Map([...this.#inUses.values()].map(({ kept, again: uses }) => [kept, uses]));
    const told = (kept: Diagnostic) => withCount(kept, again.get(kept) ?? 0);
    const all = [...this.#kept.error, ...this.#kept.warning].map(told).sort(byPlace);
    for (const severity of ["error", "warning"] as const) {
      const hidden = this.#total[severity] - this.#kept[severity].length;
      if (hidden > 0) all.push(tooMany(severity, hidden, this.#kept[severity][0]!, this.#limit));
    }
    return all;
  }
}

/** One fault in a file that is used a thousand times is one fault: ids differ, place and words do not. */
function keyOf({ code, place, message }: Diagnostic, { id }: UseSite): string {
  return [code, place.file, place.line, place.column, message.replaceAll(`"${id}/`, '"')].join("\n");
}

/** The finding with the uses that led to its place, the nearest first. */
function withUses(found: Diagnostic): Diagnostic {
  if (found.place.usedBy === undefined && found.related === undefined) return found;
  const uses: { place: Place; message: string }[] = [];
  for (let use = found.place.usedBy; use !== undefined; use = use.place.usedBy) {
    uses.push({ place: bare(use.place), message: `used here as "${use.id}"` });
  }
  const related = (found.related ?? []).map(({ place, message }) => ({ place: bare(place), message }));
  return { ...found, place: bare(found.place), related: [...related, ...uses] };
}

const bare = ({ usedBy: _, ...place }: Place): Place => place;

function withCount(kept: Diagnostic, again: number): Diagnostic {
  if (again === 0) return kept;
  const related = kept.related!.map((use, at) =>
    at === kept.related!.length - 1
      ? { ...use, message: `${use.message}; ${again} more uses have the same fault` }
      : use,
  );
  return { ...kept, related };
}

function tooMany(severity: Diagnostic["severity"], hidden: number, first: Diagnostic, limit: number): Diagnostic {
  return {
    code: "TOO_MANY_FINDINGS",
    severity,
    message: `${hidden} further ${severity}s are not listed, as at most ${limit} are`,
    place: { file: first.place.file, line: 1, column: 1 },
    hint: "fix the ones listed and check again",
  };
}

export function byPlace(a: Diagnostic, b: Diagnostic): number {
  if (a.place.file !== b.place.file) return a.place.file < b.place.file ? -1 : 1;
  return (
    a.place.line - b.place.line ||
    a.place.column - b.place.column ||
    a.severity.localeCompare(b.severity) ||
    a.code.localeCompare(b.code)
  );
}
