import { childOf, type MapTree, plain, show, spotAt } from "../../graph/raw.ts";
import { isNumeric } from "../../packet/index.ts";
import { type MigrateContext, refuse } from "../context.ts";

/** `1`, and what the predecessor took for it: `"1"`, `1.7`, `true`. */
export function isVersionOne(root: MapTree): boolean {
  const tree = childOf(root, "version");
  const version = tree && plain(tree);
  if (isNumeric(version)) return Math.trunc(version.valueOf()) === 1;
  return version === true || (typeof version === "string" && version.trim() === "1");
}

/** Reports a job that another version is written over, or that could be a graph as well. */
export function checkJobVersion(root: MapTree, context: MigrateContext): boolean {
  if (isVersionOne(root)) return true;
  const fail = (key: string, why: string, hint: string) => {
    refuse(context, "MIGRATE_VALUE", spotAt(root, [key]), [key], `Cannot migrate the job as ${why}`, hint);
    return false;
  };
  const version = childOf(root, "version");
  if (version !== undefined)
    return fail("version", `its version must be 1: current value is ${show(plain(version))}`, "write version: 1");
  if (!root.entries.has("nodes") && !root.entries.has("edges")) return true;
  const hint = "write version: 1 for the job, or version: 2 and no job for the graph";
  return fail("job", "it has no version, and both a job and nodes or edges", hint);
}
