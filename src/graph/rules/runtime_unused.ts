import { isSource, type Rule } from "./rule.ts";

/** Only a source is restarted, and only of a source's packets comes event time. */
const OF_SOURCES: readonly string[] = ["restart", "event_time"];

/** Settings that never act: a source has no inbox, and some are for sources alone. */
export const runtimeUnused: Rule = ({ nodes }, report) => {
  for (const node of nodes) {
    const source = isSource(node);
    if (source === undefined) continue;
    for (const key of node.runtimeKeys) {
      const idle = source ? !OF_SOURCES.includes(key) && key !== "on_error" : OF_SOURCES.includes(key);
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
