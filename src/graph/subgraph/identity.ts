import * as path from "node:path";
import type { GraphSource } from "../file.ts";

/**
 * What says whether a graph is still the one that was read: a hash of all its texts, and the files to watch. A graph in
 * one file has the hash of its text; of others it also has their names, as a node that brings in another file is a change.
 */
export function identityOf(
  { path: given, baseDir, text }: GraphSource,
  used: readonly { file: string; text: string }[],
): { hash: string; files: readonly string[] } {
  const hasher = new Bun.CryptoHasher("sha256").update(text);
  for (const each of used) hasher.update(JSON.stringify([path.relative(baseDir, each.file), each.text]));
  const own = /^<.*>$/.test(given) ? [] : [path.join(baseDir, path.basename(given))];
  return { hash: hasher.digest("hex"), files: Object.freeze([...own, ...used.map(({ file }) => file)]) };
}
