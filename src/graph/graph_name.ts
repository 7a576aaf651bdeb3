import * as path from "node:path";

/** The file's name without its ending, as a word that a folder can have. */
export function nameOf(file: string): string {
  const stem = path.basename(file.replace(/^<(.*)>$/, "$1")).replace(/\.(?:ya?ml|json|md)$/i, "");
  const word = stem.replace(/[^A-Za-z0-9_.-]+/g, "_").replace(/^[.-]+/, "");
  return word.slice(0, 64) || "graph";
}
