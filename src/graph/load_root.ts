import type { Findings } from "./findings.ts";
import { loadTree } from "./load.ts";
import type { SourceText } from "./source_text.ts";
import type { MapTree } from "./tree.ts";

const START = "schnitzel new graph my.yaml writes one to start from";

/** The map that a graph file is; undefined when it is none, which is reported then. */
export function loadRoot(source: SourceText, findings: Findings): MapTree | undefined {
  const refuse = (code: "FILE_NOT_TEXT" | "FILE_EMPTY" | "BAD_SHAPE", reason: string, hint?: string): undefined => {
    const message = `Cannot read the graph as ${reason}`;
    const place = source.place(0);
    findings.add({ code, severity: "error", message, place, ...(hint === undefined ? {} : { hint }) });
    return undefined;
  };
  if (source.text.includes("\0")) return refuse("FILE_NOT_TEXT", "it holds zero bytes, so it is not text");
  const tree = loadTree(source, findings);
  if (!tree || tree.type === "map") return tree;
  if (tree.type === "scalar" && tree.text === "" && !tree.quoted) return refuse("FILE_EMPTY", "it is empty", START);
  const what = tree.type === "list" ? "list" : "single value";
  return refuse("BAD_SHAPE", `it must be a map with version, nodes and edges: it is a ${what}`, START);
}
