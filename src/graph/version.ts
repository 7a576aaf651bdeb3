import { isNumeric } from "../packet/index.ts";
import type { DiagnosticCode } from "./diagnostic.ts";
import type { Findings } from "./findings.ts";
import { childOf, type MapTree, pathText, placeOf, plain, spotAt } from "./tree.ts";
import { show } from "./words.ts";

/**
 * Reports a file that is no version 2 graph. Returns false when reading on would only repeat that.
 *
 * A missing version counts as 2 only in files with the predecessor's addresses, where it always did.
 */
export function checkVersion(root: MapTree, compat: boolean, findings: Findings): boolean {
  const refuse = (code: DiagnosticCode, message: string, hint: string) =>
    findings.add({
      code,
      severity: "error",
      message: `Cannot read the graph as ${message}`,
      place: placeOf(spotAt(root, ["version"])),
      path: pathText(["version"]),
      hint,
    });
  const tree = childOf(root, "version");
  const version = tree && plain(tree);
  const number = isNumeric(version) ? version.valueOf() : typeof version === "string" ? Number(version) : Number.NaN;
  const looksLikeGraph = root.entries.has("nodes") || root.entries.has("edges");
  if (tree === undefined ? root.entries.has("job") && !looksLikeGraph : number === 1) {
    const what = root.entries.has("job") ? "it is a version 1 job file" : "it says version 1";
    refuse(
      "V1_GRAPH",
      `${what}: only version 2 graphs run`,
      "schnitzel migrate FILE --write makes a version 2 graph of it",
    );
    return false;
  }
  if (tree === undefined) {
    if (compat && looksLikeGraph) return true;
    refuse("VERSION_MISSING", "its version is missing: it must be 2", "put version: 2 on the first line");
    return looksLikeGraph;
  }
  if (version === 2 || (compat && Math.trunc(number) === 2)) return true;
  refuse("BAD_VERSION", `version must be 2: current value is ${show(version)}`, "write version: 2");
  return true;
}
