import type { Diagnostic } from "./diagnostic.ts";
import { SourceText } from "./source_text.ts";

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;

/**
 * Reads `NAME=value` lines: blank lines and `#` comments are skipped, `export ` is allowed in front.
 * `'…'` is taken as it is, `"…"` knows `\n`, `\t`, `\"`, `\\` and `\$`; an unquoted value ends at ` #`.
 * Nothing is filled in, and a name that comes twice keeps its last value.
 */
export function parseEnvFile(text: string, file = "--env-file") {
  const source = new SourceText(file, text);
  const values: Record<string, string> = {};
  const diagnostics: Diagnostic[] = [];
  let offset = 0;
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    const start = offset + line.indexOf(trimmed);
    offset += line.length + 1;
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const match = ASSIGNMENT.exec(trimmed);
    const value = match ? readEnvValue(match[2]!) : undefined;
    if (match && value !== undefined) values[match[1]!] = value;
    else diagnostics.push(notAnAssignment(source, start, trimmed.length));
  }
  return { values, diagnostics };
}

function notAnAssignment(source: SourceText, start: number, length: number): Diagnostic {
  return {
    code: "ENV_FILE_SYNTAX",
    severity: "error",
    message: "Cannot read this line of the environment file: expected NAME=value, with both quotes or none",
    place: source.place(start, start + length),
    hint: "a value with spaces or # stands in quotes",
  };
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r" };

/** The value, or undefined when its quotes are not closed or text follows them. */
function readEnvValue(text: string): string | undefined {
  const single = /^'([^']*)'\s*(?:#.*)?$/.exec(text);
  if (single) return single[1]!;
  const double = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/.exec(text);
  if (double) return double[1]!.replace(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character);
  if (/^["']/.test(text)) return undefined;
  return text.replace(/(?:^|\s+)#.*$/, "").trimEnd();
}
