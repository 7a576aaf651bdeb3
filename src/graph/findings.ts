import type { Diagnostic } from "./diagnostic.ts";

/** Why 1,000: more than anyone reads at once, and at about 1 kB each it stays in the megabytes. */
export const MAX_FINDINGS = 1_000;

/** Collects diagnostics. Errors and warnings have a bound each, so warnings never push an error out. */
export class Findings {
  readonly #kept: Record<Diagnostic["severity"], Diagnostic[]> = { error: [], warning: [] };
  readonly #total = { error: 0, warning: 0 };
  readonly #limit: number;

  constructor(limit = MAX_FINDINGS) {
    this.#limit = limit;
  }

  add(diagnostic: Diagnostic): void {
    const { severity } = diagnostic;
    this.#total[severity] += 1;
    if (this.#kept[severity].length < this.#limit) this.#kept[severity].push(diagnostic);
  }

  get errors(): number {
    return this.#total.error;
  }

  /** Everything found, by place: file, line, column, then errors before warnings. */
  list(): Diagnostic[] {
    const all = [...this.#kept.error, ...this.#kept.warning].sort(byPlace);
    for (const severity of ["error", "warning"] as const) {
      const hidden = this.#total[severity] - this.#kept[severity].length;
      if (hidden > 0) all.push(tooMany(severity, hidden, this.#kept[severity][0]!, this.#limit));
    }
    return all;
  }
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
