import { isSource, type Rule } from "./rule.ts";

/** Nothing would ever happen. An empty graph of the predecessor was fine and ended at once. */
export const noSource: Rule = ({ compat, nodes, place, incomplete }, report) => {
  if (incomplete) return;
  const severity = compat ? "warning" : "error";
  if (nodes.length === 0) {
    const message = "Cannot run an empty graph: it must have at least one node";
    return report({
      code: "EMPTY_GRAPH",
      severity,
      message,
      place,
      hint: "schnitzel new graph my.yaml writes one to start from",
    });
  }
  if (nodes.some((node) => isSource(node) !== false)) return;
  const message = "Cannot run the graph as none of its nodes is a source";
  report({ code: "NO_SOURCE", severity, message, place, hint: "add a source, such as generate_source or file_source" });
};
