/** A graph that stands in a Markdown file. */
export interface MarkdownGraph {
  text: string;
  /** Lines of the file before `text`. */
  lineOffset: number;
}

const OPENING = /^\s*(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$/;
const YAML = /^ya?ml$/i;

/**
 * The graphs in fenced YAML blocks. A block without `nodes:` is something else, one with
 * `parameters:` or `ports:` is brought in by a graph and checked there, and one that is marked
 * `yaml no-check` is an example of what not to do.
 */
export function markdownGraphs(markdown: string): MarkdownGraph[] {
  const graphs: MarkdownGraph[] = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const [, fence, language, marks] = OPENING.exec(lines[at]!) ?? [];
    if (fence === undefined) continue;
    const start = at + 1;
    at = closing(lines, start, fence);
    const text = `${lines.slice(start, at).join("\n")}\n`;
    const checked = YAML.test(language!) && !marks!.split(/\s+/).includes("no-check");
    if (checked && /^\s*nodes\s*:/m.test(text) && !isPart(text)) graphs.push({ text, lineOffset: start });
  }
  return graphs;
}

/** A file that graphs bring in with `use`: without the values and edges of one it says little. */
export const isPart = (text: string) => /^(?: {0,4}"(?:parameters|ports)"|parameters|ports)\s*:/m.test(text);

/** The line that closes a block: the same character, at least as often. Without one the block takes the rest. */
function closing(lines: readonly string[], start: number, fence: string): number {
  const closes = (line: string) => {
    const text = line.trim();
    return text.length >= fence.length && text === fence[0]!.repeat(text.length);
  };
  const found = lines.findIndex((line, at) => at >= start && closes(line));
  return found === -1 ? lines.length : found;
}
