import { didYouMean } from "../../base/suggest.ts";
import { type MapTree, SourceText } from "../../graph/raw.ts";
import { type MigrateContext, refuse } from "../context.ts";
import { emptyMap, mergedTrees, scalarAt, treeOf } from "./merge.ts";

/** What findings call the place of a flag. */
const FILE = "<flags>";

/** Flags of the job, and whether a value follows. */
const FLAGS: Readonly<Record<string, boolean>> = {
  ...{ "--camera-id": true, "--video": true, "--source-type": true, "--camera-index": true, "--output-jsonl": true },
  ...{ "--max-events": true, "--dry-run": false, "--visualize": false, "--loop": false },
};

/** `--camera-id` and `--output-jsonl` name things, also when they look like numbers. */
const TEXTS = ["--camera-id", "--video", "--output-jsonl"];

/** The flags a job was started with, as settings: `--camera-id` is `camera_id`. */
export function flagTree(words: readonly string[], context: MigrateContext): MapTree {
  const split = words.flatMap((word) =>
    /^--[a-z-]+=/.test(word) ? [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)] : [word],
  );
  const text = split.join(" ");
  const source = new SourceText(FILE, text);
  if (text !== "") context.texts[FILE] = text;
  let tree = emptyMap({ source, start: 0, end: 0 });
  let start = 0;
  for (let at = 0; at < split.length; at++) {
    const word = split[at]!;
    const spot = { source, start, end: start + word.length };
    start += word.length + 1;
    const fail = (why: string, hint?: string) =>
      refuse(context, "MIGRATE_VALUE", spot, [word], `Cannot migrate the job as ${why}`, hint);
    if (!Object.hasOwn(FLAGS, word)) {
      const near = didYouMean(word, Object.keys(FLAGS));
      fail(`it had no flag ${word}: it had ${Object.keys(FLAGS).join(", ")}`, near && `did you mean ${near}?`);
      continue;
    }
    const path = word.slice(2).replaceAll("-", "_");
    if (!FLAGS[word]) {
      tree = mergedTrees(tree, treeOf(path, { ...scalarAt(source, spot.start, spot.end), value: true }, spot));
      continue;
    }
    const value = split[++at];
    if (value === undefined) {
      fail(`${word} needs a value`);
      break;
    }
    tree = mergedTrees(tree, treeOf(path, scalarAt(source, start, start + value.length, TEXTS.includes(word)), spot));
    start += value.length + 1;
  }
  return tree;
}
