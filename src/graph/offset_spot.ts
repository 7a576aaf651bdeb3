import type { ScalarTree, Spot } from "./tree.ts";

/** The spot `offset` characters into a scalar's content, or the whole scalar when that cannot be told. */
export function offsetSpot(scalar: ScalarTree, offset: number): Spot {
  const { source, start, end, text } = scalar;
  const written = source.text.slice(start, end);
  const at = plainOffset(written, text, offset) ?? literalOffset(written, text, offset);
  return at === undefined ? scalar : { source, start: start + at, end: start + at + 1 };
}

function plainOffset(written: string, text: string, offset: number): number | undefined {
  if (written === text) return offset;
  const quoted = /^(["']).*\1$/s.test(written);
  return quoted && written.slice(1, -1) === text ? offset + 1 : undefined;
}

/** In a literal block (`|`) every line stands as it is, behind the indentation of the first. */
function literalOffset(written: string, text: string, offset: number): number | undefined {
  if (!written.startsWith("|")) return undefined;
  const lines = written.split("\n");
  const indent =
    lines
      .slice(1)
      .find((line) => line.trim() !== "")
      ?.search(/\S/) ?? 0;
  const before = text.slice(0, offset).split("\n");
  const line = before.length;
  const start = lines.slice(0, line).reduce((sum, skipped) => sum + skipped.length + 1, 0);
  return start + indent + before.at(-1)!.length;
}
