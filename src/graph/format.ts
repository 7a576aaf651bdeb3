import { CODES, type CodeText } from "./codes.ts";
import type { Diagnostic, Place } from "./diagnostic.ts";
import { byPlace } from "./findings.ts";
import { HIDDEN, hideCredentials, printable, SECRET_NAME } from "./redact.ts";

export interface FormatOptions {
  /** Text by file name; a file that is not here is printed without its line. */
  texts?: Readonly<Record<string, string>>;
  /** ANSI colours; only when a terminal reads it. */
  color?: boolean;
}

/** Why 100: a line that is longer would wrap and lose its caret; the part around the place is shown. */
const MAX_LINE = 100;

const COLORS = { error: "\u001b[31m", warning: "\u001b[33m", dim: "\u001b[2m", bold: "\u001b[1m", off: "\u001b[0m" };

/** Diagnostics as text: place and code, message, the line with a caret, hint, related places. Sorted by place. */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  { texts = {}, color = false }: FormatOptions = {},
): string {
  const paint = (style: keyof typeof COLORS, text: string) => (color ? COLORS[style] + text + COLORS.off : text);
  const lines = new Map(Object.entries(texts).map(([file, text]) => [file, text.split("\n")]));
  const blocks = [...diagnostics].sort(byPlace).map((diagnostic) => {
    const { code, severity, place, message, hint, related = [] } = diagnostic;
    const label = severity === "warning" ? `${code} (warning)` : code;
    const block = [`${placeText(place)} ${paint(severity, label)}`, paint("bold", printable(message))];
    const excerpt = excerptOf(diagnostic, lines.get(place.file));
    const shownHint = hint === undefined ? undefined : paint("dim", `hint: ${printable(hint)}`);
    if (excerpt) {
      block.push(`${excerpt.gutter} | ${excerpt.line}`);
      block.push(
        `${" ".repeat(excerpt.gutter.length)} | ${excerpt.pad}${paint(severity, excerpt.caret)}${shownHint ? `   ${shownHint}` : ""}`,
      );
    } else if (shownHint) block.push(`  ${shownHint}`);
    for (const other of related)
      block.push(`  ${paint("dim", `${placeText(other.place)} ${printable(other.message)}`)}`);
    return block.join("\n");
  });
  return blocks.join("\n\n");
}

/** `graphs/yard.yaml:18:16`, which terminals and editors make clickable. */
export function placeText({ file, line, column }: Place): string {
  return `${printable(file)}:${line}:${column}`;
}

/** Title, cause, fix and example of a code, for `schnitzel explain`; undefined when `table` has none of that name. */
export function explainCode(code: string, table: Readonly<Record<string, CodeText>> = CODES): string | undefined {
  if (!Object.hasOwn(table, code)) return undefined;
  const { title, cause, fix, example } = table[code]!;
  const lines = [`${code}: ${title}`, "", cause, "", `What to do: ${fix}`];
  if (example !== undefined) lines.push("", "Example:", ...example.split("\n").map((line) => `  ${line}`));
  return lines.join("\n");
}

function excerptOf(diagnostic: Diagnostic, lines: readonly string[] | undefined) {
  const { place } = diagnostic;
  const whole = lines?.[place.line - 1];
  if (whole === undefined || whole.trim() === "") return undefined;
  const line = whole.replace(/\r$/, "");
  const { text, start, end } = showsSecret(diagnostic) ? blotted(line, place) : masked(line, place);
  const from = text.length <= MAX_LINE ? 0 : Math.max(0, Math.min(start - MAX_LINE / 2, text.length - MAX_LINE));
  const shown = printable(text.slice(from, from + MAX_LINE));
  const before = shown.slice(0, start - from);
  const under = shown.slice(start - from, Math.max(end, start + 1) - from);
  // Tabs stay tabs, and wide characters take two columns, so the caret stands below its text.
  const pad = before.replace(/[^\t]+/g, (run) => " ".repeat(Bun.stringWidth(run)));
  const caret = "^".repeat(Math.max(1, Bun.stringWidth(under)));
  return { gutter: `  ${place.line}`, line: shown, pad, caret };
}

/** The place is a value whose key says that it is a secret. */
const showsSecret = ({ code, path = "" }: Diagnostic) =>
  code === "CONFIG_VALUE" && SECRET_NAME.test(path.split(".").at(-1)!);

/** The line up to a secret value, and nothing of the value or of what follows: it may go on there. */
function blotted(line: string, place: Place) {
  const before = masked(line.slice(0, place.column - 1), place).text;
  return { text: before + HIDDEN, start: before.length, end: before.length + HIDDEN.length };
}

/** The line without URL passwords, and where the place is in it then. */
function masked(line: string, place: Place) {
  const shift = (offset: number) =>
    hideCredentials(line).length - line.length === 0 ? offset : shiftedOffset(line, offset);
  const start = Math.min(place.column - 1, line.length);
  const sameLine = place.endLine === undefined || place.endLine === place.line;
  const end = sameLine ? Math.min((place.endColumn ?? place.column) - 1, line.length) : line.length;
  return { text: hideCredentials(line), start: shift(start), end: Math.max(shift(end), shift(start)) };
}

/** Hiding shortens or lengthens what is behind it: the rest keeps its distance from the end of the line. */
function shiftedOffset(line: string, offset: number): number {
  const hidden = hideCredentials(line);
  let same = 0;
  while (same < offset && hidden[same] === line[same]) same += 1;
  if (same === offset) return offset;
  const fromEnd = line.length - offset;
  return Math.max(same, hidden.length - fromEnd);
}
