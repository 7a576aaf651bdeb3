import { type DraftEnd, splitPort } from "../draft.ts";
import { nearestEnd } from "../nearest_end.ts";
import type { Report, Rule } from "./rule.ts";

/** Why 2,000,000: comparisons of names; a file full of wrong edges must not take minutes. */
const MAX_COMPARISONS = 2_000_000;

export const unknownNode: Rule = ({ nodes, edges, unreadIds, incomplete }, report) => {
  // `nodes` as a whole could not be read, as when its key is misspelt: every edge would lead nowhere.
  if (nodes.length === 0 && incomplete) return;
  const ids = nodes.map((node) => node.id);
  let comparisons = 0;
  const check = (end: DraftEnd, path: string) => {
    if (end.node !== -1 || unreadIds.has(end.text) || unreadIds.has(splitPort(end.text)[0])) return;
    comparisons += ids.length;
    const near = comparisons > MAX_COMPARISONS ? undefined : nearestEnd(end.text, ids);
    report({ ...finding(end, path), ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }) });
  };
  for (const edge of edges) {
    check(edge.from, `${edge.path}.from`);
    check(edge.to, `${edge.path}.to`);
  }
};

function finding(end: DraftEnd, path: string): Parameters<Report>[0] {
  const message = `Cannot connect the edge as there is no node "${end.text.slice(0, 60)}"`;
  return { code: "UNKNOWN_NODE", message, place: end.place, path };
}
