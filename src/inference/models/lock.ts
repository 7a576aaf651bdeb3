import * as path from "node:path";
import * as v from "valibot";
import { parseDocument } from "yaml";
import type { Files } from "../../node/index.ts";

export const LOCK_FILE = "models.lock.yaml";
/** Why 64 KiB: about 500 models, and too little to keep a YAML parser busy. */
const MAX_LOCK_BYTES = 64 * 1024;

const entry = v.strictObject({
  model: v.pipe(v.string(), v.nonEmpty()),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "must be 64 hex digits")),
});

const lock = v.strictObject({
  version: v.literal("1", "must be 1"),
  models: v.pipe(
    v.array(entry),
    v.check((models) => new Set(models.map(({ model }) => model)).size === models.length, "a model stands twice"),
  ),
});

/** A model as graphs name it, and the only bytes it may have. */
export type LockEntry = v.InferOutput<typeof entry>;

/** What the lock beside a graph pins; undefined without a lock. A lock with a fault is an Error: it pins nothing. */
export function readLock(files: Files): readonly LockEntry[] | undefined {
  if (!files.exists(LOCK_FILE)) return undefined;
  const file = files.resolve(LOCK_FILE);
  const size = files.stat(LOCK_FILE).size;
  if (size > MAX_LOCK_BYTES) throw invalid(file, `it has ${size} bytes, at most ${MAX_LOCK_BYTES}`);
  return parseLock(textOf(files, file), file);
}

/** A folder, a pipe or a file that this user may not read pins nothing either. */
function textOf(files: Files, file: string): string {
  try {
    return files.readText(LOCK_FILE);
  } catch (error) {
    throw invalid(file, (error as Error).message);
  }
}

export function parseLock(text: string, file: string): readonly LockEntry[] {
  // Failsafe: every scalar is text, so a hash of digits stays what it is.
  const document = parseDocument(text, { schema: "failsafe", uniqueKeys: true, strict: true });
  if (document.errors.length > 0) throw invalid(file, document.errors[0]!.message.split("\n")[0]!);
  const result = v.safeParse(lock, plain(document, file));
  if (result.success) return result.output.models;
  const issue = result.issues[0];
  throw invalid(file, [v.getDotPath(issue), issue.message].filter(Boolean).join(": "));
}

function plain(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw invalid(file, "aliases are not allowed");
  }
}

const invalid = (file: string, fault: string) =>
  new Error(
    `cannot use any model: ${file} is no valid lock: ${fault}; ` +
      "correct it, or remove it and run: schnitzel models lock GRAPH",
  );

/** The text of a lock, ordered by model, so a change of one is a change of one block. */
export function formatLock(models: readonly LockEntry[]): string {
  const blocks = [...models]
    .sort((a, b) => (a.model < b.model ? -1 : 1))
    .map(({ model, sha256 }) => `  - model: ${JSON.stringify(model)}\n    sha256: ${sha256}\n`);
  const head =
    "# Written by `schnitzel models lock`. These models are used with these bytes, or not at all.\nversion: 1\n";
  return `${head}models:${blocks.length === 0 ? " []\n" : `\n${blocks.join("")}`}`;
}

/** Refuses a model that the lock pins to other bytes. What the lock does not name is free. */
export function checkLock(files: Files, model: string, sha256: string) {
  const pinned = readLock(files)?.find((each) => samePlace(files, each.model, model));
  if (pinned === undefined || pinned.sha256 === sha256) return;
  throw new Error(
    `cannot use model ${model}: ${files.resolve(LOCK_FILE)} pins sha256 ${pinned.sha256}, and it has ${sha256}; ` +
      "put the pinned file back, or, when the change is meant, run: schnitzel models lock GRAPH",
  );
}

/** `./a.onnx` and `a.onnx` are one file; a name is only itself. */
const samePlace = (files: Files, a: string, b: string) =>
  a === b || (/[/\\.]/.test(a) && path.normalize(files.resolve(a)) === path.normalize(files.resolve(b)));
