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
  const hint = hintFor(code, message, text, pos[0]);
  const fault = `Cannot read the file as YAML: ${message.replace(/\s+/g, " ")}`;
  return { code: "YAML_SYNTAX", message: fault, ...(hint === undefined ? {} : { hint }) };
}

/** What the first faults say: behind a tab the parser is guessing, and one fault may be told twice. */
export function tellingErrors<Fault extends ParserError>(errors: readonly Fault[]): Fault[] {
  const tabs = errors.filter(({ code }) => code === "TAB_AS_INDENT");
  if (tabs.length > 0) return tabs;
  const same = (a: Fault, b: Fault) => a.pos[0] === b.pos[0] && a.code === b.code && a.message === b.message;
  return errors.filter((error, at) => at === 0 || !same(error, errors[at - 1]!));
}

function hintFor(code: string, message: string, text: string, at: number): string | undefined {
  const odd = oddSpace(text, at);
  if (odd !== undefined) return `this line is indented with ${odd}, which is no space to YAML; type plain spaces`;
  if (text.slice(at - 1, at + 1) === "${") return 'inside { } and [ ] a variable stands in quotes: "${NAME}"';
  if (message.startsWith("Flow ")) return "a { or [ before this place is not closed";
  if (message.startsWith("Sequence item without -"))
    return "lines of one list, or of one map, start in the same column";
  return HINTS[code];
}

/** Spaces that editors and web pages put in and no eye sees, where a line's indentation should be. */
function oddSpace(text: string, at: number): string | undefined {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at + 1);
  const found = /^[ -]*([\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff])/.exec(line)?.[1];
  return found && `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

const HINTS: Record<string, string> = {
  BAD_INDENT: "keys of one map start in the same column",
  BLOCK_IN_FLOW: 'inside { } and [ ] a value with ": " in it must stand in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value with ": " in it must stand in quotes',
  MISSING_CHAR: "look for a quote, bracket or colon that is missing here or just before",
  MULTILINE_IMPLICIT_KEY: "a key stands on one line; look for a missing colon",
};
