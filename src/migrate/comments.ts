import type { Spot, Tree } from "../graph/raw.ts";

interface Comment {
  start: number;
  text: string;
}

/** Comments of a document by the part they belong to. */
export interface Comments {
  head: string[];
  of: ReadonlyMap<Tree, readonly string[]>;
  tail: string[];
}

/**
 * Gives each of `items` the comments above it, in it, and behind it on its last line. What stands above the first is
 * the head of the file, unless it is below `firstKey`; what is left over is its tail.
 */
export function commentsOf(root: Tree, items: readonly Tree[], firstKey: number): Comments {
  const { text } = root.source;
  const sorted = [...items].sort((a, b) => a.start - b.start);
  const of = new Map<Tree, string[]>(sorted.map((item) => [item, []]));
  const comments: Comments & { of: typeof of } = { head: [], of, tail: [] };
  for (const { start, text: words } of find(root)) {
    const item = sorted.find(({ end }) => start < lineEnd(text, end));
    if (start < firstKey) comments.head.push(words);
    else if (item === undefined) comments.tail.push(words);
    else of.get(item)!.push(words);
  }
  return comments;
}

/** The end of the line that the last character of something stands on. */
function lineEnd(text: string, end: number): number {
  let last = end;
  while (last > 0 && /\s/.test(text[last - 1]!)) last -= 1;
  const feed = text.indexOf("\n", last);
  return feed === -1 ? text.length : feed;
}

/** A `#` begins a comment at the start of a line or behind a space, and nowhere within a key or a value. */
function find(root: Tree): Comment[] {
  const { text } = root.source;
  const spans = scalars(root).sort((a, b) => a.start - b.start);
  const found: Comment[] = [];
  let span = 0;
  for (let at = text.indexOf("#"); at !== -1; at = text.indexOf("#", at + 1)) {
    while (span < spans.length && spans[span]!.end <= at) span += 1;
    const inside = span < spans.length && spans[span]!.start <= at;
    if (inside || !/^$|\s/.test(text.slice(Math.max(0, at - 1), at))) continue;
    const feed = text.indexOf("\n", at);
    const end = feed === -1 ? text.length : feed;
    found.push({
      start: at,
      text: text
        .slice(at + 1, end)
        .replace(/^ |\r$/g, "")
        .trimEnd(),
    });
    at = end - 1;
  }
  return found;
}

function scalars(tree: Tree): Spot[] {
  if (tree.type === "scalar") return tree.end > tree.start ? [tree] : [];
  if (tree.type === "list") return tree.items.flatMap(scalars);
  return [...tree.entries.values()].flatMap(({ key, value }) => [key, ...scalars(value)]);
}
