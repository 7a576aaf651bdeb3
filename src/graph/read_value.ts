import type { Findings } from "./findings.ts";
import { loadTree } from "./load.ts";
import { SourceText } from "./source_text.ts";
import type { Tree } from "./tree.ts";

/**
 * One value from the stretch of `source` between two offsets, for `--set` and decoded variables: a flow
 * list or map, a quoted text, or else a plain scalar as it stands.
 */
export function readValue(source: SourceText, start: number, end: number, findings: Findings): Tree | undefined {
  const text = source.text.slice(start, end);
  if (!/^\s*[[{"']/.test(text)) return { type: "scalar", source, start, end, text: text.trim(), quoted: false };
  // Blanks in front keep the places; a line break would end up as one, too.
  const before = source.text.slice(0, start).replace(/[^\n]/g, " ");
  return loadTree(new SourceText(source.file, before + text, source.lineOffset), findings);
}
