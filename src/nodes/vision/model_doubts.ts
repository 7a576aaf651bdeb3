import { didYouMean } from "../../base/suggest.ts";
import { catalogued, exportWay } from "../../inference/index.ts";
import type { ConfigIssue } from "../../node/index.ts";

interface Named {
  model: string;
  classes: readonly (string | number)[];
  class_confidence: Readonly<Record<string, number>>;
  class_names?: readonly string[] | undefined;
}

/**
 * What can be said of a model before it is there: warnings, as its file is looked at when the node opens, and graphs
 * are checked on other machines than they run on.
 */
export const modelDoubts = (named: Named): ConfigIssue[] => [...formatDoubts(named), ...classDoubts(named)];

function formatDoubts({ model }: Named): ConfigIssue[] {
  const way = exportWay(model);
  if (way === undefined) return [];
  return [{ path: ["model"], message: "is no ONNX file, and no other is read", hint: way, severity: "warning" }];
}

/** Of a model of the catalogue the classes are known, unless the graph calls them otherwise. */
function classDoubts({ model, classes, class_confidence, class_names }: Named): ConfigIssue[] {
  const known = class_names === undefined ? catalogued(model)?.classes : undefined;
  if (known === undefined) return [];
  const doubt = (path: (string | number)[], name: string | number): ConfigIssue[] => {
    if (typeof name === "number" || known.includes(name) || /^\d+$/.test(name)) return [];
    const near = didYouMean(name, known);
    const hint = near === undefined ? `it knows ${known.slice(0, 5).join(", ")}, …` : `did you mean "${near}"?`;
    return [{ path, message: `names a class that ${model} does not know: "${name}"`, hint, severity: "warning" }];
  };
  return [
    ...classes.flatMap((name, at) => doubt(["classes", at], name)),
    ...Object.keys(class_confidence).flatMap((name) => doubt(["class_confidence", name], name)),
  ];
}
