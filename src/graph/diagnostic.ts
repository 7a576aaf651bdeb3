import type { CODES } from "./codes.ts";

/** Where in a file something stands; lines and columns count from 1. */
export interface Place {
  /** Path as the user gave it, or `--set` (then `line` says which one) or `--env-file`. */
  file: string;
  line: number;
  /** In UTF-16 code units, as editors count. */
  column: number;
  endLine?: number;
  endColumn?: number;
  /** Of a file that nodes bring in with `use`: by which of them this time. A finding has it as a related place. */
  usedBy?: UseSite;
}

/** A node with `use`, which brings a file into the graph. */
export interface UseSite {
  /** With those of the nodes that brought in its own file: `yard/camera`. */
  id: string;
  place: Place;
}

/** Stable names of everything that can be wrong with a graph. `CODES` says what each means. */
export type DiagnosticCode = keyof typeof CODES;

/** One finding, as data. Codes are stable; tests and scripts compare them, never the text. */
export interface Diagnostic {
  code: DiagnosticCode;
  severity: "error" | "warning";
  /** Action, fact, what is allowed, current value. */
  message: string;
  place: Place;
  /** What to do next. */
  hint?: string;
  /** Path in the document, such as `nodes[3].config.limit`. */
  path?: string;
  /** Other places that matter, such as the first use of a duplicate id. */
  related?: readonly { place: Place; message: string }[];
}
