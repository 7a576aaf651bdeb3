/** Where in a file something stands; lines and columns count from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
  endLine?: number;
  endColumn?: number;
}

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

export type DiagnosticCode = string;
