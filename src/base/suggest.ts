import { distance } from "fastest-levenshtein";

/** The candidate a person most likely meant by `word`, or undefined when none is near enough. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  // A third of the word may be wrong, and three letters of a long one; more suggests things nobody meant.
  let limit = Math.min(3, Math.max(1, Math.ceil(word.length / 3)));
  let best: string | undefined;
  for (const candidate of candidates) {
    const edits = slips(word.toLowerCase(), candidate.toLowerCase());
    if (edits > limit || (edits === limit && best !== undefined)) continue;
    limit = edits;
    best = candidate;
  }
  return best;
}

/** Letters that are wrong, missing or too many; two neighbours that changed places are one slip. */
function slips(word: string, candidate: string): number {
  const edits = distance(word, candidate);
  return edits === 2 && word.length === candidate.length && sorted(word) === sorted(candidate) ? 1 : edits;
}

const sorted = (word: string) => [...word].sort().join("");
