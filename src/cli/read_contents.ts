import * as fs from "node:fs";
import * as path from "node:path";
import type { GraphPlan } from "../graph/index.ts";
import { inFolder } from "../node/index.ts";

/** The files that nodes of a plan read, such as models, by node. */
export function filesRead({ nodes, baseDir }: GraphPlan): Map<string, string[]> {
  const read = nodes.map(({ id, definition, config, folder }): [string, string[]] => {
    const files = definition.reads?.(config) ?? [];
    return [id, files.map(({ file }) => path.resolve(baseDir, inFolder(folder, file)))];
  });
  return new Map(read.filter(([, files]) => files.length > 0));
}

/**
 * A mark of what nodes read, which another content changes. Size and time of the last write: a model has hundreds of
 * megabytes, and a reload is to be quick. A file that is written anew with what it had counts as changed.
 */
export function contentsOf(plan: GraphPlan): Map<string, string> {
  const mark = (file: string) => {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    return stat === undefined ? "absent" : `${stat.size} ${stat.mtimeMs}`;
  };
  return new Map([...filesRead(plan)].map(([id, files]) => [id, files.map(mark).join(", ")]));
}
