import { distance } from "fastest-levenshtein";

/** The candidate a person most likely meant by `word`, or undefined when none is near enough. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  // A third of the word may be wrong, and three letters of a long one; more suggests things nobody meant.
  let limit = Math.min(3, Math.max(1, Math.ceil(word.length / 3)));
  let best: string | undefined;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits > limit || (edits === limit && best !== undefined)) continue;
    limit = edits;
    best = candidate;
  }
  return best;
}
