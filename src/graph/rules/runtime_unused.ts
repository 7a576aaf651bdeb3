import { isSource, type Rule } from "./rule.ts";

/** Settings that never act: a source has no inbox, and only a source is restarted. */
export const runtimeUnused: Rule = ({ nodes }, report) => {
  for (const node of nodes) {
    const source = isSource(node);
    if (source === undefined) continue;
    for (const key of node.runtimeKeys) {
      const idle = source ? key !== "restart" && key !== "on_error" : key === "restart";
      if (!idle) continue;
      report({
        code: "RUNTIME_UNUSED",
        severity: "warning",
        message: `Setting runtime.${key} of "${node.id}" has no effect as the node is ${source ? "a" : "no"} source`,
        place: node.at(["runtime", key], "key"),
        path: `${node.path}.runtime.${key}`,
        hint: "remove it",
      });
    }
  }
};
