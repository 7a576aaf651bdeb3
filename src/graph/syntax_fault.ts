import type { Diagnostic } from "./diagnostic.ts";

/** What the YAML parser says about a fault. */
export interface ParserError {
  code: string;
  message: string;
  pos: readonly [start: number, end: number];
}

/** A fault of the parser as a finding without its place. */
export function syntaxFault(
  { code, message, pos }: ParserError,
  text: string,
): Pick<Diagnostic, "code" | "message" | "hint"> {
  if (code === "TAB_AS_INDENT") {
    const tab = "Cannot read the file as a line is indented with a tab";
    return { code: "YAML_TAB", message: tab, hint: "indent with spaces" };
  }
  const inFlow = text.slice(pos[0] - 1, pos[0] + 1) === "${";
  const hint = inFlow ? 'inside { } and [ ] a variable stands in quotes: "${NAME}"' : HINTS[code];
  const fault = `Cannot read the file as YAML: ${message.replace(/\s+/g, " ")}`;
  return { code: "YAML_SYNTAX", message: fault, ...(hint === undefined ? {} : { hint }) };
}

const HINTS: Record<string, string> = {
  BAD_INDENT: "keys of one map start in the same column",
  BLOCK_AS_IMPLICIT_KEY: 'a value with ": " in it must stand in quotes',
  MISSING_CHAR: "look for a quote, bracket or colon that is missing here or just before",
  MULTILINE_IMPLICIT_KEY: "a key stands on one line; look for a missing colon",
};
